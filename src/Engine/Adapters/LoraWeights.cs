using System.Globalization;
using LocalLlm.Engine.Conversion;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Adapters;

/// <summary>
/// The LoRA adapters that a model was loaded with (Hu et al. 2021, arXiv:2106.09685), beside its weights: the mapped file stays as it is, and any formats of
/// weights and any number of adapters go together.
/// </summary>
internal sealed class LoraWeights : IDisposable
{
    private readonly List<LoraMatrix> _owned = [];
    private readonly BlockAdapters[] _blocks;
    private float[] _inner = [];
    private float[] _added = [];

    private LoraWeights(int blockCount) => _blocks = [.. Enumerable.Range(0, blockCount).Select(_ => new BlockAdapters())];

    /// <summary>What is added to each block.</summary>
    public IReadOnlyList<BlockAdapters> Blocks => _blocks;

    /// <summary>What is added to the output head.</summary>
    public List<LoraMatrix> Output { get; } = [];

    /// <summary>Bytes of all adapters.</summary>
    public long Bytes => _owned.Sum(matrix => matrix.Bytes);

    /// <summary>Reads adapters and checks that they fit a model; null if there are none.</summary>
    /// <exception cref="TextEngineException">An adapter is wrong, of a kind that is not supported, or made for another model.</exception>
    public static LoraWeights? Load(IReadOnlyList<AdapterOptions> adapters, TransformerConfig config, TransformerWeights weights)
    {
        if (adapters.Count == 0)
        {
            return null;
        }
        LoraWeights loaded = new(config.BlockCount);
        try
        {
            foreach (AdapterOptions adapter in adapters)
            {
                loaded.Add(adapter, config, weights);
            }
            return loaded;
        }
        catch (Exception e)
        {
            loaded.Dispose();
            if (e is GgufFormatException or SafetensorsFormatException or IOException or UnauthorizedAccessException)
            {
                throw new TextEngineException(TextEngineErrorKind.InvalidModel, e.Message, e);
            }
            throw;
        }
    }

    /// <summary>Reads the factors of an adapter, a GGUF file or a directory of peft's.</summary>
    /// <inheritdoc cref="PeftAdapter.Read(string, TransformerConfig)" path="/exception"/>
    /// <inheritdoc cref="GgufAdapter.Read" path="/exception"/>
    public static List<LoraFactors> Factors(string path, TransformerConfig config) =>
        Directory.Exists(path) ? PeftAdapter.Read(path, config) : GgufAdapter.Read(path, config.Architecture);

    /// <summary>y += B (A x) for each adapter of a matrix.</summary>
    /// <param name="ops">Where operations run.</param>
    /// <param name="adapters">The adapters of the matrix.</param>
    /// <param name="x">What the matrix was multiplied by [tokens, columns].</param>
    /// <param name="y">Its results [tokens, rows].</param>
    public void Apply(CpuOps ops, List<LoraMatrix> adapters, ReadOnlySpan<float> x, Span<float> y)
    {
        foreach (LoraMatrix adapter in adapters)
        {
            Span<float> inner = Room(ref _inner, x.Length / adapter.A.Columns * adapter.A.Rows);
            Span<float> added = Room(ref _added, y.Length);
            ops.MatMul(adapter.A, x, null, [], inner);
            ops.MatMul(adapter.B, inner, null, [], added);
            ops.Add(added, y);
        }
    }

    /// <summary>Frees the adapters.</summary>
    public void Dispose() => _owned.ForEach(matrix => matrix.Dispose());

    private static Span<float> Room(ref float[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = new float[length];
        }
        return buffer.AsSpan(0, length);
    }

    private void Add(AdapterOptions adapter, TransformerConfig config, TransformerWeights weights)
    {
        if (!float.IsFinite(adapter.Scale))
        {
            throw CheckpointError.InFile(adapter.Path, "the scale of an adapter must be a finite number");
        }
        foreach (LoraFactors factors in Factors(adapter.Path, config))
        {
            (List<LoraMatrix> list, WeightMatrix matrix) = Find(adapter.Path, factors.Target, weights);
            if (factors.A.Length != (long)factors.Rank * matrix.Columns || factors.B.Length != (long)factors.Rank * matrix.Rows)
            {
                throw CheckpointError.InFile(
                    adapter.Path,
                    $"its matrices for '{factors.Target}' make one of {factors.B.Length / factors.Rank} x {factors.A.Length / factors.Rank}, but the model's is {matrix.Rows} x {matrix.Columns}");
            }
            LoraMatrix added = new(factors, adapter.Scale);
            _owned.Add(added);
            list.Add(added);
        }
    }

    private (List<LoraMatrix> List, WeightMatrix Matrix) Find(string path, string target, TransformerWeights weights)
    {
        if (target == "output.weight")
        {
            return (Output, weights.Output);
        }
        string[] parts = target.Split('.');
        if (parts is ["blk", var number, var role, "weight"] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int i) && i < _blocks.Length)
        {
            (BlockAdapters block, BlockWeights of) = (_blocks[i], weights.Blocks[i]);
            switch (role)
            {
                case "attn_q":
                    return (block.AttnQ, of.AttnQ);
                case "attn_k":
                    return (block.AttnK, of.AttnK);
                case "attn_v":
                    return (block.AttnV, of.AttnV);
                case "attn_output":
                    return (block.AttnOutput, of.AttnOutput);
                case "ffn_gate":
                    return (block.FfnGate, of.FfnGate);
                case "ffn_up":
                    return (block.FfnUp, of.FfnUp);
                case "ffn_down":
                    return (block.FfnDown, of.FfnDown);
            }
        }
        throw CheckpointError.InFile(path, $"the adapter changes {GgufFormatException.Quote(target)}, which this model does not have or which cannot be adapted");
    }
}
