using System.Text.Json;

namespace LocalLlm.Gguf.Safetensors;

/// <summary>
/// The weights of a model in a directory as published on Hugging Face: <c>model.safetensors</c>, or several shards and
/// <c>model.safetensors.index.json</c>, which says where each tensor lies.
/// </summary>
public sealed class SafetensorsCheckpoint : IDisposable
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";
    private const int MaxIndexBytes = 64 << 20;

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsTensor> _tensors = new(StringComparer.Ordinal);

    private SafetensorsCheckpoint()
    {
    }

    /// <summary>The tensors of all shards.</summary>
    public IReadOnlyCollection<SafetensorsTensor> Tensors => _tensors.Values;

    /// <summary>Opens the weights of a directory.</summary>
    /// <exception cref="SafetensorsFormatException">There are none, they are not what the format demands, or the index contradicts the shards.</exception>
    /// <exception cref="FileNotFoundException">A shard is missing.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    /// <exception cref="IOException">The system cannot read a file.</exception>
    public static SafetensorsCheckpoint Open(string directory)
    {
        SafetensorsCheckpoint checkpoint = new();
        try
        {
            string single = Path.Combine(directory, SingleName);
            string index = Path.Combine(directory, IndexName);
            if (File.Exists(single))
            {
                checkpoint.Add(single);
            }
            else if (File.Exists(index))
            {
                checkpoint.AddShards(directory, index);
            }
            else
            {
                throw new SafetensorsFormatException(directory, $"it has neither {SingleName} nor {IndexName}");
            }
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of a name; null if there is none.</summary>
    public SafetensorsTensor? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Closes the files.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void Add(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (SafetensorsTensor tensor in file.Tensors)
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
            {
                throw new SafetensorsFormatException(path, $"the tensor {GgufFormatException.Quote(tensor.Name)} also stands in '{_tensors[tensor.Name].Path}'");
            }
        }
    }

    private void AddShards(string directory, string index)
    {
        Dictionary<string, string> places = ReadIndex(index);
        foreach (string shard in places.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            Add(Path.Combine(directory, shard));
        }
        foreach ((string name, string shard) in places)
        {
            if (Find(name) is not { } tensor || Path.GetFileName(tensor.Path) != shard)
            {
                throw new SafetensorsFormatException(index, $"it places the tensor {GgufFormatException.Quote(name)} in '{shard}', which does not have it");
            }
        }
    }

    /// <summary>The file name of each tensor's shard.</summary>
    private static Dictionary<string, string> ReadIndex(string path)
    {
        if (new FileInfo(path).Length > MaxIndexBytes)
        {
            throw new SafetensorsFormatException(path, $"it has more than {MaxIndexBytes} bytes");
        }
        Dictionary<string, string> places = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false });
            foreach (JsonProperty property in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                places.Add(property.Name, ShardName(path, property.Value.GetString()));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new SafetensorsFormatException(path, "it is no JSON object whose weight_map gives a file name for each tensor", e);
        }
        return places;
    }

    /// <summary>A shard lies beside its index: a name that leads elsewhere would have any file of this user read.</summary>
    private static string ShardName(string path, string? name)
    {
        bool plain = name is { Length: > 0 } && name.EndsWith(".safetensors", StringComparison.Ordinal) && name.IndexOfAny(['/', '\\', '\0']) < 0;
        return plain ? name! : throw new SafetensorsFormatException(path, $"{GgufFormatException.Quote(name ?? "null")} is no plain name of a safetensors file");
    }
}
