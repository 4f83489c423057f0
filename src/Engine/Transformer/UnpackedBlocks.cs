using System.Runtime.InteropServices;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The blocks of an encoder with their matrices unpacked for the kernels, if these gain from it and the model is small: a short text takes a third longer
/// where every product has to unpack its weights first.
/// </summary>
internal sealed unsafe class UnpackedBlocks : IDisposable
{
    // Beyond this, a second copy of the weights costs more memory than most would give for it.
    private const long MostBytes = 64L << 20;

    private void* _memory;

    /// <summary>Unpacks.</summary>
    /// <param name="blocks">The blocks as the file has them; must outlive this.</param>
    /// <param name="ops">Operations that will use them.</param>
    /// <param name="quantizedActivations">Whether products will be of integers at all.</param>
    public UnpackedBlocks(IReadOnlyList<EncoderBlockWeights> blocks, CpuOps ops, bool quantizedActivations)
    {
        long bytes = blocks.Sum(block => Matrices(block).Sum(w => ops.UnpackedBytes(w)));
        if (!quantizedActivations || bytes is 0 or > MostBytes)
        {
            Blocks = blocks;
            return;
        }
        _memory = NativeMemory.AlignedAlloc((nuint)bytes, 64);
        byte* free = (byte*)_memory;
        Blocks = [.. blocks.Select(block => block.Map(w =>
        {
            long length = ops.UnpackedBytes(w);
            WeightMatrix unpacked = length == 0 ? w : ops.Unpack(w, free);
            free += length;
            return unpacked;
        }))];
    }

    /// <summary>The blocks, unpacked or as they were.</summary>
    public IReadOnlyList<EncoderBlockWeights> Blocks { get; }

    /// <summary>
    /// An upper bound of the bytes that the blocks of a model take unpacked; 0 if they are too many. Formats take 9 bits (Q8_0: a byte for each weight, a float32 for
    /// each 32) to 12 bits (Q4_K, with two float32 for each 16) for a weight.
    /// </summary>
    public static long MostBytesOf(EncoderConfig config)
    {
        long weights = ((4L * config.EmbeddingLength) + (2L * config.FeedForwardLength)) * config.EmbeddingLength * config.BlockCount;
        return weights * 9 / 8 > MostBytes ? 0 : Math.Min(weights * 3 / 2, MostBytes);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    private static WeightMatrix[] Matrices(EncoderBlockWeights b) => [b.AttnQ, b.AttnK, b.AttnV, b.AttnOutput, b.FfnUp, b.FfnDown];
}
