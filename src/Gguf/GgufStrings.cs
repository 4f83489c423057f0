using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LocalLlm.Gguf;

/// <summary>
/// The elements of an array of strings as bytes, where they lie in their <see cref="GgufValue"/>: a vocabulary's 150,000 strings cost one
/// pass over their lengths. Bytes need not be valid UTF-8.
/// </summary>
public sealed class GgufStrings
{
    private const int LengthBytes = sizeof(ulong); // in front of every string

    private readonly byte[] _payload;
    private readonly int[] _starts; // of each string's bytes, and at the end where one more would have its own

    internal GgufStrings(byte[] payload, int count)
    {
        _payload = payload;
        _starts = new int[count + 1];
        Walk(payload, _starts);
    }

    /// <summary>Number of strings.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>Bytes of all strings together.</summary>
    public int TotalBytes => _payload.Length - (Count * LengthBytes);

    /// <summary>The bytes of a string.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such string.</exception>
    public ReadOnlySpan<byte> this[int index] => _payload.AsSpan(_starts[index], _starts[index + 1] - LengthBytes - _starts[index]);

    /// <summary>The reader of the file has seen that every length is right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Walk(ReadOnlySpan<byte> payload, Span<int> starts)
    {
        int at = LengthBytes;
        for (int i = 0; i < starts.Length - 1; i++)
        {
            starts[i] = at;
            at += (int)MemoryMarshal.Read<long>(payload[(at - LengthBytes)..]) + LengthBytes;
        }
        starts[^1] = at;
    }
}
