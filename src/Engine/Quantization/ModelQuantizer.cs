using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Quantization;

/// <summary>
/// Writes a model in other formats. Tensors are streamed from the mapped file in pieces of a mebibyte, whatever their size; the same plan gives the same
/// bytes for any number of threads.
/// </summary>
public static class ModelQuantizer
{
    private const string FileTypeKey = "general.file_type", VersionKey = "general.quantization_version", SplitPrefix = "split.";

    // Of the block formats; 2 since ggml's scales are half precision (GGUF specification).
    private const uint QuantizationVersion = 2;

    /// <summary>Writes a file. It appears under its name only when it is complete and on the disk; a file of that name is replaced.</summary>
    /// <param name="plan">What is to become of which model. A model in several parts becomes one file.</param>
    /// <param name="path">Where to.</param>
    /// <param name="threads">At least 1.</param>
    /// <param name="progress">Told after each piece how many bytes of tensors are done, of <see cref="QuantizationPlan.Bytes"/>.</param>
    /// <param name="cancellationToken">Stops, and leaves nothing behind.</param>
    /// <exception cref="TextEngineException">A weight is not finite or too large for its format; the tensor is named, and nothing is left behind.</exception>
    /// <exception cref="IOException">The file cannot be written; nothing is left behind.</exception>
    public static void Write(QuantizationPlan plan, string path, int threads, Action<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using WorkerPool pool = new(threads);
        GgufWriter writer = new(plan.File.Version);
        AddMetadata(writer, plan);
        long done = 0;
        foreach (PlannedTensor tensor in plan.Tensors)
        {
            GgufTensorSource source = SourceOf(tensor, pool);
            writer.AddTensor(tensor.Source.Name, tensor.Type, [.. tensor.Source.Dimensions], (offset, piece) =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                source(offset, piece);
                done += piece.Length;
                progress?.Invoke(done);
            });
        }
        writer.Write(path);
    }

    private static unsafe GgufTensorSource SourceOf(PlannedTensor tensor, WorkerPool pool) => tensor.IsCopied
        ? (offset, piece) => new ReadOnlySpan<byte>(tensor.Source.Data + offset, piece.Length).CopyTo(piece)
        : new TensorEncoder(tensor.Source, tensor.Type, pool).Fill;

    /// <summary>The metadata as they are, but for what says how the file is quantized and split.</summary>
    private static void AddMetadata(GgufWriter writer, QuantizationPlan plan)
    {
        bool merge = plan.File.Paths.Count > 1;
        GgufValue fileType = GgufValue.Of(plan.Recipe.FileType), version = GgufValue.Of(QuantizationVersion);
        foreach ((string key, GgufValue value) in plan.File.Metadata)
        {
            if (!merge || !key.StartsWith(SplitPrefix, StringComparison.Ordinal))
            {
                writer.Add(key, key switch { FileTypeKey => fileType, VersionKey => version, _ => value });
            }
        }
        if (!writer.Metadata.ContainsKey(FileTypeKey))
        {
            writer.Add(FileTypeKey, fileType);
        }
        if (!writer.Metadata.ContainsKey(VersionKey))
        {
            writer.Add(VersionKey, version);
        }
    }
}
