using LocalLlm.Gguf;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Several tokens: rows straight from the file's blocks, eight at a time, unpacked once with an assembled kernel and multiplied by all tokens.</summary>
internal readonly unsafe struct AssembledBatchLoop<TFormat> : IProductLoop
    where TFormat : struct, IDotFormat
{
    /// <summary>
    /// Tokens up to which this is faster than packing panels, which costs as much as a dozen tokens or more and makes the others cheaper by a third.
    /// Measured on whole models, with an outlier in every row of activations. Bytes that need no unpacking gain least from being packed.
    /// </summary>
    public static int MostTokens => TFormat.Type switch
    {
        GgmlType.Q8_0 => BatchRowAssembler.MaxTokens,
        GgmlType.Q4_K or GgmlType.Q5_K or GgmlType.Q6_K => 24,
        _ => 17,
    };

    /// <inheritdoc/>
    public static int TileRows => BatchRowAssembler.Rows;

    /// <inheritdoc/>
    public static long ScratchBytes(int groups) => BatchRowAssembler.WorkBytes;

    /// <inheritdoc/>
    public static void Run(in IntegerProduct product, int begin, int end, byte* scratch)
    {
        int tiles = (end - begin) / BatchRowAssembler.Rows, done = begin + tiles * BatchRowAssembler.Rows;
        if (tiles > 0)
        {
            Multiply(product, begin, tiles, scratch);
            AssembledRowLoop<TFormat>.Complete(product, begin, done);
        }
        if (done < end)
        {
            AssembledRowLoop<TFormat>.Run(product, done, end, scratch);
        }
    }

    private static void Multiply(in IntegerProduct product, int begin, int tiles, byte* work)
    {
        RowCall call = AssembledRowLoop<TFormat>.Call(product, begin, tiles, BatchRowAssembler.Rows);
        AssembledRowLoop<TFormat>.SetToken(ref call, product, begin, 0);
        call.Tokens = product.Tokens;
        call.Work = work;
        call.QuantStride = (long)product.Groups * QuantizedActivations.GroupLength;
        call.HalfSumStride = (long)product.Groups * QuantizedActivations.GroupBlocks * 2 * sizeof(short);
        call.ScaleStride = (long)product.Groups * QuantizedActivations.GroupBlocks * QuantizedActivations.TileRows * sizeof(float);
        call.YStride = (long)product.W.Rows * sizeof(float);
        AssembledKernels.Instance.BatchKernel(TFormat.Type, product.Blocks % RowAssembler.StepBlocks(TFormat.Type))(&call);
    }
}
