using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>The same block of eight rows: loads of a field from each of them (AVX2). Nothing outside the blocks is read.</summary>
/// <param name="block">The block of the first row.</param>
/// <param name="rows">Bytes from the first row to each of the eight.</param>
/// <param name="bytes">Bytes of a block, at least four.</param>
internal readonly unsafe struct BlockGather(byte* block, Vector256<int> rows, int bytes)
{
    /// <summary>The byte at an offset, 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> Byte(int offset) => Shifted(offset) & Vector256.Create(0xFF);

    /// <summary>The signed byte at an offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> SByte(int offset) => (Shifted(offset) << 24) >> 24;

    /// <summary>The four bits of the byte at an offset, from bit <paramref name="shift"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> Nibble(int offset, int shift) => (Shifted(offset) >>> shift) & Vector256.Create(0xF);

    /// <summary>A bit of the 32 at an offset, 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> Bit(int offset, int bit) => (Avx2.GatherVector256((int*)(block + offset), rows, 1) >>> bit) & Vector256<int>.One;

    /// <summary>The half at an offset, widened.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Half(int offset) => HalfWidening.Widen((Shifted(offset) << 16) >> 16);

    /// <summary>The scale and the minimum of a block of 32 in a super-block, from the 12 bytes at an offset (see <see cref="Quant.SixBitScales"/>).</summary>
    /// <param name="offset">Where the 12 bytes start.</param>
    /// <param name="k">Which block, 0 to 7.</param>
    /// <param name="scale">The scale, 0 to 63.</param>
    /// <param name="minimum">The minimum, 0 to 63.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SixBits(int offset, int k, out Vector256<int> scale, out Vector256<int> minimum)
    {
        if (k < 4)
        {
            scale = Byte(offset + k) & Vector256.Create(0x3F);
            minimum = Byte(offset + k + 4) & Vector256.Create(0x3F);
            return;
        }
        Vector256<int> low = Byte(offset + k + 4);
        scale = (low & Vector256.Create(0xF)) | (Byte(offset + k - 4) >>> 6 << 4);
        minimum = (low >>> 4) | (Byte(offset + k) >>> 6 << 4);
    }

    /// <summary>What stands at an offset, in the low bits; others are beside it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<int> Shifted(int offset)
    {
        int from = Math.Min(offset, bytes - sizeof(int));
        return Avx2.GatherVector256((int*)(block + from), rows, 1) >>> (8 * (offset - from));
    }
}
