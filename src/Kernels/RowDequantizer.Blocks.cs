using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Quant;

namespace LocalLlm.Kernels;

/// <content>The formats of 32 weights a block. Layouts and formulas: the structs of <c>src/Quant</c>.</content>
public static unsafe partial class RowDequantizer
{
    private readonly struct FromQ4_0<TWriter> : IBlockDequantizer<BlockQ4_0>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ4_0* block, float* y)
        {
            float d = (float)block->D;
            Vector128<byte> qs = Vector128.Load(block->Qs);
            Vector128<sbyte> offset = Vector128.Create((sbyte)8);
            TWriter.Write(LowNibbles(qs).AsSByte() - offset, d, y);
            TWriter.Write(HighNibbles(qs).AsSByte() - offset, d, y + 16);
        }
    }

    private readonly struct FromQ4_1<TWriter> : IBlockDequantizer<BlockQ4_1>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ4_1* block, float* y)
        {
            float d = (float)block->D, m = (float)block->M;
            Vector128<byte> qs = Vector128.Load(block->Qs);
            TWriter.Write(LowNibbles(qs).AsSByte(), d, m, y);
            TWriter.Write(HighNibbles(qs).AsSByte(), d, m, y + 16);
        }
    }

    private readonly struct FromQ5_0<TWriter> : IBlockDequantizer<BlockQ5_0>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ5_0* block, float* y)
        {
            float d = (float)block->D;
            Vector128<byte> qs = Vector128.Load(block->Qs);
            Vector256<byte> fifth = BytesOfBits(block->Qh) & Vector256.Create((byte)16);
            Vector128<sbyte> offset = Vector128.Create((sbyte)16);
            TWriter.Write((LowNibbles(qs) | fifth.GetLower()).AsSByte() - offset, d, y);
            TWriter.Write((HighNibbles(qs) | fifth.GetUpper()).AsSByte() - offset, d, y + 16);
        }
    }

    private readonly struct FromQ5_1<TWriter> : IBlockDequantizer<BlockQ5_1>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ5_1* block, float* y)
        {
            float d = (float)block->D, m = (float)block->M;
            Vector128<byte> qs = Vector128.Load(block->Qs);
            Vector256<byte> fifth = BytesOfBits(block->Qh) & Vector256.Create((byte)16);
            TWriter.Write((LowNibbles(qs) | fifth.GetLower()).AsSByte(), d, m, y);
            TWriter.Write((HighNibbles(qs) | fifth.GetUpper()).AsSByte(), d, m, y + 16);
        }
    }

    private readonly struct FromQ8_0<TWriter> : IBlockDequantizer<BlockQ8_0>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockQ8_0* block, float* y)
        {
            float d = (float)block->D;
            TWriter.Write(Vector128.Load(block->Qs), d, y);
            TWriter.Write(Vector128.Load(block->Qs + 16), d, y + 16);
        }
    }

    private readonly struct FromIQ4_NL<TWriter> : IBlockDequantizer<BlockIQ4_NL>
        where TWriter : struct, IWeightWriter
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Dequantize(BlockIQ4_NL* block, float* y) => WriteCodebook<TWriter>(block->Qs, (float)block->D, y);
    }

    /// <summary>32 indices into the codebook, two a byte (low nibbles first), to 32 weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteCodebook<TWriter>(byte* packed, float scale, float* y)
        where TWriter : struct, IWeightWriter
    {
        Vector128<byte> codebook = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(IQ4Codebook.Values)).AsByte();
        Vector128<byte> qs = Vector128.Load(packed);
        TWriter.Write(Ssse3.Shuffle(codebook, LowNibbles(qs)).AsSByte(), scale, y);
        TWriter.Write(Ssse3.Shuffle(codebook, HighNibbles(qs)).AsSByte(), scale, y + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> LowNibbles(Vector128<byte> bytes) => bytes & Vector128.Create((byte)15);

    // There is no shift of bytes: shift words and mask what crossed over.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> HighNibbles(Vector128<byte> bytes) =>
        (bytes.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)15);

    /// <summary>Byte i is 255 if bit i is set, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> BytesOfBits(uint bits)
    {
        // Byte i takes the byte of the mask that holds its bit, then tests that bit.
        Vector256<byte> holder = Vector256.Create(0x0000000000000000, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303).AsByte();
        Vector256<byte> bit = Vector256.Create(0x8040201008040201).AsByte();
        Vector256<byte> held = Avx2.Shuffle(Vector256.Create(bits).AsByte(), holder);
        return Vector256.Equals(held & bit, bit);
    }
}
