namespace LocalLlm.Gguf;

/// <summary>
/// An immutable view of a GGUF model file, mapped read only: version, metadata, and tensors whose bytes are used where they lie. A split
/// model is one such object over all its parts. Everything is validated when the file is opened, so that every byte of every tensor
/// can be read. Safe for use by several threads; disposing it ends the life of all pointers into it.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private readonly GgufPart[] _parts;
    private readonly Dictionary<string, GgufTensor> _byName = new(StringComparer.Ordinal);

    private GgufFile(List<GgufPart> parts)
    {
        _parts = [.. parts];
        Tensors = [.. _parts.SelectMany(part => part.Tensors)];
        foreach (GgufTensor tensor in Tensors)
        {
            if (!_byName.TryAdd(tensor.Name, tensor))
            {
                throw new GgufFormatException(tensor.Path, $"the tensor {GgufFormatException.Quote(tensor.Name)} stands in an earlier part too", null, tensor.Name, "each name once", "a second one");
            }
        }
        Paths = [.. _parts.Select(part => part.File.Path)];
        FileBytes = _parts.Sum(part => part.File.Length);
    }

    /// <summary>The version of the format that the (first) file is written in: 2 or 3.</summary>
    public uint Version => _parts[0].Version;

    /// <summary>Bytes to whose multiples the tensor data of the (first) file is aligned: <c>general.alignment</c>, 32 when not given.</summary>
    public int Alignment => _parts[0].Alignment;

    /// <summary>The metadata; of a split model those of the first part. They stay usable after disposal.</summary>
    public GgufMetadata Metadata => _parts[0].Metadata;

    /// <summary>All tensors, in file order, part after part.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>The file, or the parts of a split model in order; the first is the path that was opened.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>Bytes of all files together.</summary>
    public long FileBytes { get; }

    /// <summary>The mapped parts, in order.</summary>
    internal IReadOnlyList<GgufPart> Parts => _parts;

    /// <summary>Opens a model file; given the first part of a split model, opens all parts.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the file may claim; <see cref="GgufLimits.Default"/> when null.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="IOException">The system cannot open or map the file.</exception>
    /// <exception cref="GgufFormatException">The file is not valid, truncated, not supported, beyond the limits, or a part is missing.</exception>
    public static GgufFile Open(string path, GgufLimits? limits = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        limits ??= GgufLimits.Default;
        List<GgufPart> parts = [];
        try
        {
            parts.Add(GgufPart.Open(path, limits));
            GgufSplit.OpenRest(parts, limits);
            return new GgufFile(parts);
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Opens one file as it is, also when it is a part of a split model, first or not: for tools that look at files rather than models.
    /// </summary>
    /// <inheritdoc cref="Open" path="/param"/>
    /// <inheritdoc cref="Open" path="/exception"/>
    public static GgufFile OpenPart(string path, GgufLimits? limits = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new GgufFile([GgufPart.Open(path, limits ?? GgufLimits.Default)]);
    }

    /// <summary>The tensor of that name, or null.</summary>
    public GgufTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="GgufFormatException">The file has no such tensor.</exception>
    public GgufTensor Get(string name) => Find(name)
        ?? throw new GgufFormatException(Paths[0], $"the tensor {GgufFormatException.Quote(name)} is missing", null, name, "a tensor of that name", $"{Tensors.Count} others");

    /// <summary>
    /// Asks the system to read the files into memory before their tensors are used, and returns at once. Nothing happens where they are there already,
    /// or are larger than the memory that this process may use: then reading ahead would drive out what is needed first.
    /// </summary>
    public void ReadAhead()
    {
        if (FileBytes > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)
        {
            return;
        }
        foreach (GgufPart part in _parts)
        {
            part.File.ReadAhead();
        }
    }

    /// <summary>Unmaps the files.</summary>
    public void Dispose()
    {
        foreach (GgufPart part in _parts)
        {
            part.Dispose();
        }
    }
}
