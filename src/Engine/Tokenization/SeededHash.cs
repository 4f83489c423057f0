using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Hashes for the tables of a vocabulary: a folded multiplication for every eight bytes (Wang Yi's wyhash, public domain). Its secrets are drawn
/// anew for each process, so that a file cannot be made whose entries all fall into one place.
/// </summary>
internal static class SeededHash
{
    private static readonly ulong s_seed = (ulong)Random.Shared.NextInt64();
    private static readonly ulong s_multiplier = (ulong)Random.Shared.NextInt64() | 0x4000_0000_0000_0001; // odd, and with a high bit

    /// <summary>Hash of two numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(int left, int right) => Finish(s_seed ^ (((ulong)(uint)left << 32) | (uint)right));

    /// <summary>Hash of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        ulong hash = s_seed ^ (ulong)bytes.Length;
        for (; bytes.Length > sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            hash = Fold(hash ^ MemoryMarshal.Read<ulong>(bytes));
        }
        ulong rest = 0;
        foreach (byte value in bytes)
        {
            rest = (rest << 8) | value;
        }
        return Finish(hash ^ rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong value)
    {
        ulong high = Math.BigMul(value, s_multiplier, out ulong low);
        return high ^ low;
    }

    // Twice, so that every bit of the input reaches every bit of the result.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Finish(ulong value) => (uint)(Fold(Fold(value) ^ s_seed) >> 32);
}
