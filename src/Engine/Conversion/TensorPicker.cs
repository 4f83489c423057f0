using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// Takes tensors out of a checkpoint by name with their shapes checked, and gives them GGUF's names. Every tensor must find its place: a model without some
/// of its weights would compute something else.
/// </summary>
/// <param name="directory">The checkpoint's directory, for messages.</param>
/// <param name="checkpoint">Its weights.</param>
internal sealed class TensorPicker(string directory, SafetensorsCheckpoint checkpoint)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly List<ConvertedTensor> _picked = [];

    /// <summary>What was taken, in that order.</summary>
    public IReadOnlyList<ConvertedTensor> Picked => _picked;

    /// <summary>Whether the checkpoint has a tensor.</summary>
    public bool Has(string name) => checkpoint.Find(name) is not null;

    /// <summary>Takes a tensor.</summary>
    /// <param name="from">Its name.</param>
    /// <param name="to">Its name in GGUF.</param>
    /// <param name="shape">What the configuration calls for.</param>
    /// <param name="permutedHeads">As for <see cref="ConvertedTensor"/>.</param>
    /// <param name="isExact">As for <see cref="ConvertedTensor"/>.</param>
    /// <exception cref="TextEngineException">It is missing or has another shape.</exception>
    public void Add(string from, string to, long[] shape, int permutedHeads = 0, bool isExact = false)
    {
        SafetensorsTensor source = checkpoint.Find(from) ?? throw CheckpointError.InFile(directory, $"the tensor '{from}' is missing");
        if (!source.Shape.SequenceEqual(shape))
        {
            throw CheckpointError.InFile(
                source.Path, $"the tensor '{from}' is [{string.Join(", ", source.Shape)}], but config.json calls for [{string.Join(", ", shape)}]");
        }
        _taken.Add(from);
        _picked.Add(new ConvertedTensor(to, source, permutedHeads) { IsExact = isExact });
    }

    /// <summary>Leaves out the tensors whose names begin so: nothing is computed with them.</summary>
    public void Ignore(string prefix) => _taken.UnionWith(checkpoint.Tensors.Select(tensor => tensor.Name).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)));

    /// <summary>Refuses a checkpoint with tensors that were not taken.</summary>
    /// <exception cref="TextEngineException">There is one.</exception>
    public void RefuseRest(string architecture)
    {
        // Old checkpoints carry the frequencies of RoPE, which follow from the configuration.
        SafetensorsTensor? rest = checkpoint.Tensors.FirstOrDefault(
            tensor => !_taken.Contains(tensor.Name) && !tensor.Name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal));
        if (rest is not null)
        {
            throw CheckpointError.InFile(rest.Path, $"the tensor {GgufFormatException.Quote(rest.Name)} is not part of the architecture '{architecture}' as supported here");
        }
    }
}
