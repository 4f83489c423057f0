using System.Runtime.CompilerServices;
using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Kernels;

/// <summary>
/// Rows of any format to float32: the embedding lookup, and the weights of formats without an integer dot product. Every level returns
/// the bits of <see cref="RowDecoder"/>, whatever the row holds; of a NaN only its being one is promised.
/// </summary>
public static unsafe partial class RowDequantizer
{
    /// <summary>Weights that are widened in one step in formats without blocks.</summary>
    private const int Step = 16;

    /// <summary>Decodes one row (or several adjacent ones).</summary>
    /// <param name="level">Instructions to use; must be one of those that the processor has.</param>
    /// <param name="type">Format of the row.</param>
    /// <param name="row">Blocks of the row [<see cref="GgmlTypes.RowBytes"/> of the columns], unaligned.</param>
    /// <param name="columns">Weights, a multiple of the format's block length.</param>
    /// <param name="destination">Float32 [columns], unaligned.</param>
    /// <exception cref="NotSupportedException">The format has no decoder.</exception>
    /// <exception cref="ArgumentException">The columns are no whole number of blocks.</exception>
    public static void Dequantize(SimdLevel level, GgmlType type, byte* row, int columns, float* destination)
    {
        switch (level)
        {
            case SimdLevel.Scalar:
                DequantizeScalar(type, row, columns, destination);
                break;
            case SimdLevel.Avx2:
            case SimdLevel.AvxVnni:    // VNNI multiplies integers: nothing here
                DequantizeVector<Avx2WeightWriter>(type, row, columns, destination);
                break;
            case SimdLevel.Avx512:
            case SimdLevel.Avx512Vnni:
                DequantizeVector<Avx512WeightWriter>(type, row, columns, destination);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(level), level, "No such SIMD level.");
        }
    }

    private static void DequantizeScalar(GgmlType type, byte* row, int columns, float* destination) =>
        RowDecoder.Decode(type, new(row, checked((int)GgmlTypes.RowBytes(type, columns))), new(destination, columns));

    private static void DequantizeVector<TWriter>(GgmlType type, byte* row, int columns, float* y)
        where TWriter : struct, IWeightWriter
    {
        long bytes = GgmlTypes.RowBytes(type, columns);
        switch (type)
        {
            case GgmlType.F32: Buffer.MemoryCopy(row, y, bytes, bytes); break;
            case GgmlType.F16: WidenHalves<TWriter>((ushort*)row, columns, y); break;
            case GgmlType.BF16: WidenBFloats<TWriter>((ushort*)row, columns, y); break;
            case GgmlType.Q4_0: Blocks<BlockQ4_0, FromQ4_0<TWriter>>(row, bytes, y); break;
            case GgmlType.Q4_1: Blocks<BlockQ4_1, FromQ4_1<TWriter>>(row, bytes, y); break;
            case GgmlType.Q5_0: Blocks<BlockQ5_0, FromQ5_0<TWriter>>(row, bytes, y); break;
            case GgmlType.Q5_1: Blocks<BlockQ5_1, FromQ5_1<TWriter>>(row, bytes, y); break;
            case GgmlType.Q8_0: Blocks<BlockQ8_0, FromQ8_0<TWriter>>(row, bytes, y); break;
            case GgmlType.Q2_K: Blocks<BlockQ2_K, FromQ2_K<TWriter>>(row, bytes, y); break;
            case GgmlType.Q3_K: Blocks<BlockQ3_K, FromQ3_K<TWriter>>(row, bytes, y); break;
            case GgmlType.Q4_K: Blocks<BlockQ4_K, FromQ4_K<TWriter>>(row, bytes, y); break;
            case GgmlType.Q5_K: Blocks<BlockQ5_K, FromQ5_K<TWriter>>(row, bytes, y); break;
            case GgmlType.Q6_K: Blocks<BlockQ6_K, FromQ6_K<TWriter>>(row, bytes, y); break;
            case GgmlType.IQ4_NL: Blocks<BlockIQ4_NL, FromIQ4_NL<TWriter>>(row, bytes, y); break;
            case GgmlType.IQ4_XS: Blocks<BlockIQ4_XS, FromIQ4_XS<TWriter>>(row, bytes, y); break;
            default: DequantizeScalar(type, row, columns, y); break;    // a format known to RowDecoder alone, or to nobody
        }
    }

    // Optimised at its first call: the loop is hot from the first token on, and the calls in it must be inlined.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Blocks<TBlock, TFormat>(byte* row, long bytes, float* y)
        where TBlock : unmanaged, IBlock<TBlock>
        where TFormat : struct, IBlockDequantizer<TBlock>
    {
        int length = TBlock.Length;
        TBlock* end = (TBlock*)(row + bytes);
        for (TBlock* block = (TBlock*)row; block < end; block++, y += length)
        {
            TFormat.Dequantize(block, y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void WidenHalves<TWriter>(ushort* x, int columns, float* y)
        where TWriter : struct, IWeightWriter
    {
        int i = 0;
        for (; i <= columns - Step; i += Step)
        {
            TWriter.WriteHalves(x + i, y + i);
        }
        DequantizeScalar(GgmlType.F16, (byte*)(x + i), columns - i, y + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void WidenBFloats<TWriter>(ushort* x, int columns, float* y)
        where TWriter : struct, IWeightWriter
    {
        int i = 0;
        for (; i <= columns - Step; i += Step)
        {
            TWriter.WriteBFloats(x + i, y + i);
        }
        DequantizeScalar(GgmlType.BF16, (byte*)(x + i), columns - i, y + i);
    }

    /// <summary>One block of a format to float32.</summary>
    private interface IBlockDequantizer<TBlock>
        where TBlock : unmanaged, IBlock<TBlock>
    {
        /// <summary>Writes the weights of <paramref name="block"/> to <paramref name="y"/> [block length].</summary>
        static abstract void Dequantize(TBlock* block, float* y);
    }
}
