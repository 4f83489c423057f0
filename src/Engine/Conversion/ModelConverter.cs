using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// Converts a model from the layout in which it is published on Hugging Face (<c>config.json</c>, <c>tokenizer.json</c>, safetensors) to GGUF. Keys, names
/// and the order of rows are those that llama.cpp's converter gives, so that every reader of GGUF can use the result. Opening reads and checks all but the
/// weights; writing streams them, a piece at a time.
/// </summary>
public sealed class ModelConverter : IDisposable
{
    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly IReadOnlyList<ConvertedTensor> _tensors;
    private readonly GgufWriter _writer = new();
    private readonly ConversionOptions _options;

    // For the writer's callbacks; a converter writes one file at a time.
    private IProgress<ConversionProgress>? _progress;
    private CancellationToken _cancellation;
    private long _written;

    private ModelConverter(string directory, CheckpointModel model, SafetensorsCheckpoint checkpoint, ConversionOptions options)
    {
        (_checkpoint, _options) = (checkpoint, options);
        Architecture = model.Architecture;
        _tensors = model.Tensors;
        // The embedding speaks for the matrices: checkpoints have one format throughout.
        MatrixType = _tensors[0].TypeIn(options.MatrixType);
        AddGeneral(options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))));
        model.AddKeys(_writer);
        AddTensors();
        model.AddOwnTensors(_writer);
    }

    /// <summary><c>general.architecture</c> of the result.</summary>
    public string Architecture { get; }

    /// <summary>The format of the matrices in the result.</summary>
    public GgmlType MatrixType { get; }

    /// <summary>Bytes of all tensors of the result, and so nearly those of the file.</summary>
    public long TensorBytes { get; private set; }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="directory">The directory with its files.</param>
    /// <param name="options">How to convert it; null for the defaults.</param>
    /// <exception cref="TextEngineException">A file is missing or wrong, or the model is of a kind that cannot be converted.</exception>
    /// <exception cref="SafetensorsFormatException">The weights cannot be read.</exception>
    /// <exception cref="IOException">The system cannot read a file.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static ModelConverter Open(string directory, ConversionOptions? options = null)
    {
        options ??= new ConversionOptions();
        if (options.MatrixType is not (null or GgmlType.F32 or GgmlType.F16 or GgmlType.BF16))
        {
            throw new ArgumentException($"Checkpoints are converted to F32, F16 or BF16, not {options.MatrixType}.", nameof(options));
        }
        if (!Directory.Exists(directory))
        {
            throw CheckpointError.InFile(directory, "there is no such directory");
        }
        SafetensorsCheckpoint? checkpoint = null;
        try
        {
            CheckpointModel model = CheckpointModel.Read(directory, () => checkpoint = SafetensorsCheckpoint.Open(directory));
            return new ModelConverter(directory, model, checkpoint!, options);
        }
        catch
        {
            checkpoint?.Dispose();
            throw;
        }
    }

    /// <summary>Writes the result to a file, which appears under its name only when it is complete; a file of that name is replaced.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="progress">Told of every piece written, on the calling thread.</param>
    /// <param name="cancellationToken">Stops, and leaves nothing behind.</param>
    /// <exception cref="TextEngineException">A weight does not fit the format.</exception>
    /// <exception cref="SafetensorsFormatException">A file of the checkpoint has become shorter.</exception>
    /// <exception cref="IOException">A file cannot be read or written; nothing is left behind.</exception>
    public void Write(string path, IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Begin(progress, cancellationToken);
        _writer.Write(path);
    }

    /// <summary>Writes the result to a stream, from its current position on; the stream need not seek and is left open.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="progress">Told of every piece written, on the calling thread.</param>
    /// <param name="cancellationToken">Stops between two pieces.</param>
    /// <inheritdoc cref="Write(string, IProgress{ConversionProgress}, CancellationToken)" path="/exception"/>
    public void Write(Stream destination, IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Begin(progress, cancellationToken);
        _writer.Write(destination);
    }

    /// <summary>Closes the checkpoint.</summary>
    public void Dispose() => _checkpoint.Dispose();

    private void Begin(IProgress<ConversionProgress>? progress, CancellationToken cancellationToken)
    {
        (_progress, _cancellation, _written) = (progress, cancellationToken, 0);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void AddGeneral(string name)
    {
        _writer.Add("general.architecture", Architecture);
        _writer.Add("general.type", "model");
        _writer.Add("general.name", name);
        _writer.Add("general.file_type", MatrixType switch { GgmlType.F32 => 0u, GgmlType.F16 => 1u, _ => 32u });
    }

    private void AddTensors()
    {
        foreach (ConvertedTensor tensor in _tensors)
        {
            GgmlType type = tensor.TypeIn(_options.MatrixType);
            long[] dimensions = tensor.Dimensions;
            TensorBytes += GgmlTypes.RowBytes(type, dimensions[0]) * dimensions.Skip(1).Aggregate(1L, (rows, extent) => rows * extent);
            TensorConversion conversion = new(tensor, type);
            _writer.AddTensor(tensor.Name, type, dimensions, (offset, piece) =>
            {
                _cancellation.ThrowIfCancellationRequested();
                conversion.Fill(offset, piece);
                _written += piece.Length;
                _progress?.Report(new ConversionProgress(tensor.Name, _written, TensorBytes));
            });
        }
    }
}
