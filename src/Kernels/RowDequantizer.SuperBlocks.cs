using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LocalLlm.Quant;

namespace LocalLlm.Kernels;

/// <content>The formats of 256 weights a block. Layouts and formulas: the structs of <c>src/Quant</c>.</content>
public static unsafe partial class RowDequantizer
{
    private readonly struct FromQ2_K<TWriter> : IBlockDequantizer<BlockQ2_K>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ2_K* block, float* y)
        {
            float d = (float)block->D, dmin = (float)block->DMin;
            byte* scale = block->Scales;
            for (int half = 0; half < 2; half++)
            {
                Vector256<byte> qs = Vector256.Load(block->Qs + 32 * half);
                for (int k = 0; k < 4; k++, scale += 2, y += 32)
                {
                    Vector256<sbyte> q = Bits(qs, 2 * k, 3).AsSByte();
                    // Adding the negative is the subtraction of the specification, bit for bit.
                    TWriter.Write(q.GetLower(), d * (scale[0] & 15), -(dmin * (scale[0] >> 4)), y);
                    TWriter.Write(q.GetUpper(), d * (scale[1] & 15), -(dmin * (scale[1] >> 4)), y + 16);
                }
            }
        }
    }

    private readonly struct FromQ3_K<TWriter> : IBlockDequantizer<BlockQ3_K>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ3_K* block, float* y)
        {
            float d = (float)block->D;
            Vector256<byte> hmask = Vector256.Load(block->Hmask);
            for (int part = 0; part < 8; part++, y += 32)
            {
                Vector256<byte> low = Bits(Vector256.Load(block->Qs + 32 * (part / 4)), 2 * (part % 4), 3);
                Vector256<byte> third = Bits(hmask, part, 1) << 2;
                Vector256<sbyte> q = (low | third).AsSByte() - Vector256.Create((sbyte)4);
                TWriter.Write(q.GetLower(), d * BlockQ3_K.Scale(in *block, 2 * part), y);
                TWriter.Write(q.GetUpper(), d * BlockQ3_K.Scale(in *block, 2 * part + 1), y + 16);
            }
        }
    }

    private readonly struct FromQ4_K<TWriter> : IBlockDequantizer<BlockQ4_K>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ4_K* block, float* y)
        {
            float d = (float)block->D, dmin = (float)block->DMin;
            SixBitScales scales = SixBitScales.Unpack(new(block->Scales, 12));
            for (int part = 0; part < 8; part++, y += 32)
            {
                Vector256<byte> q = Bits(Vector256.Load(block->Qs + 32 * (part / 2)), 4 * (part % 2), 15);
                WriteAffine<TWriter>(q, d * scales.Scale(part), -(dmin * scales.Minimum(part)), y);
            }
        }
    }

    private readonly struct FromQ5_K<TWriter> : IBlockDequantizer<BlockQ5_K>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ5_K* block, float* y)
        {
            float d = (float)block->D, dmin = (float)block->DMin;
            SixBitScales scales = SixBitScales.Unpack(new(block->Scales, 12));
            Vector256<byte> qh = Vector256.Load(block->Qh);
            for (int part = 0; part < 8; part++, y += 32)
            {
                Vector256<byte> low = Bits(Vector256.Load(block->Qs + 32 * (part / 2)), 4 * (part % 2), 15);
                Vector256<byte> fifth = Bits(qh, part, 1) << 4;
                WriteAffine<TWriter>(low | fifth, d * scales.Scale(part), -(dmin * scales.Minimum(part)), y);
            }
        }
    }

    private readonly struct FromQ6_K<TWriter> : IBlockDequantizer<BlockQ6_K>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ6_K* block, float* y)
        {
            float d = (float)block->D;
            sbyte* scale = block->Scales;
            for (int part = 0; part < 8; part++, scale += 2, y += 32)
            {
                int half = part / 4, k = part % 4;
                Vector256<byte> low = Bits(Vector256.Load(block->Ql + 64 * half + 32 * (k % 2)), 4 * (k / 2), 15);
                Vector256<byte> high = Bits(Vector256.Load(block->Qh + 32 * half), 2 * k, 3) << 4;
                Vector256<sbyte> q = (low | high).AsSByte() - Vector256.Create((sbyte)32);
                TWriter.Write(q.GetLower(), d * scale[0], y);
                TWriter.Write(q.GetUpper(), d * scale[1], y + 16);
            }
        }
    }

    private readonly struct FromIQ4_XS<TWriter> : IBlockDequantizer<BlockIQ4_XS>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockIQ4_XS* block, float* y)
        {
            float d = (float)block->D;
            for (int part = 0; part < 8; part++, y += 32)
            {
                WriteCodebook<TWriter>(block->Qs + 16 * part, d * BlockIQ4_XS.Scale(in *block, part), y);
            }
        }
    }

    /// <summary>32 weights <c>scale * q + minimum</c>. A minimum that the format subtracts is given negated: the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteAffine<TWriter>(Vector256<byte> q, float scale, float minimum, float* y)
        where TWriter : struct, IWeightWriter
    {
        TWriter.Write(q.GetLower().AsSByte(), scale, minimum, y);
        TWriter.Write(q.GetUpper().AsSByte(), scale, minimum, y + 16);
    }

    /// <summary>Some bits of each byte, from bit <paramref name="shift"/> on. The shift is one of words: the mask clears what crosses over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Bits(Vector256<byte> bytes, int shift, byte mask) =>
        (bytes.AsUInt16() >>> shift).AsByte() & Vector256.Create(mask);
}
