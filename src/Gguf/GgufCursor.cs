using System.Runtime.CompilerServices;
using System.Text;

namespace LocalLlm.Gguf;

/// <summary>
/// A position in a mapped file. Every read is checked against the end of the file first; a failure names the offset, the key or tensor
/// at hand and what was missing.
/// </summary>
internal unsafe struct GgufCursor(string path, byte* data, long length)
{
    // Names must be valid UTF-8: two different invalid names would otherwise read as the same text.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Offset of the next byte.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes from here to the end of the file.</summary>
    public readonly long Remaining => length - Position;

    /// <summary>The metadata key or tensor name at hand, for messages.</summary>
    public string? Key { get; set; }

    /// <summary>Reads a little-endian number of 32 bits.</summary>
    public uint ReadUInt32(string what) => Unsafe.ReadUnaligned<uint>(Take(sizeof(uint), what));

    /// <summary>Reads a little-endian number of 64 bits.</summary>
    public ulong ReadUInt64(string what) => Unsafe.ReadUnaligned<ulong>(Take(sizeof(ulong), what));

    /// <summary>Steps over <paramref name="count"/> bytes and returns a pointer to the first.</summary>
    public byte* Take(long count, string what)
    {
        if (count > Remaining)
        {
            throw Error($"the file ends inside {what}", $"at least {Position + (Int128)count} bytes", $"{length} bytes");
        }
        byte* at = data + Position;
        Position += count;
        return at;
    }

    /// <summary>The bytes from a position, already passed, to the current one.</summary>
    public readonly ReadOnlySpan<byte> Since(long start) => new(data + start, checked((int)(Position - start)));

    /// <summary>Reads the length of a string and checks it against a limit and the file.</summary>
    public int ReadStringLength(int limit, string what)
    {
        ulong count = ReadUInt64(what);
        if (count > (ulong)limit)
        {
            throw ErrorBefore(sizeof(ulong), $"the length of {what} is out of range", $"at most {limit} bytes", $"{count}");
        }
        return (int)count;
    }

    /// <summary>Reads a key or tensor name, which must be UTF-8.</summary>
    public string ReadName(int limit, string what)
    {
        int count = ReadStringLength(limit, what);
        byte* bytes = Take(count, what);
        try
        {
            return StrictUtf8.GetString(bytes, count);
        }
        catch (DecoderFallbackException)
        {
            throw ErrorBefore(count, $"{what} is not valid UTF-8", "UTF-8 text", "other bytes");
        }
    }

    /// <summary>
    /// Reads a 64-bit count of things that take at least <paramref name="minimumBytes"/> bytes each, so that a count which the rest of the
    /// file cannot hold is refused before anything is done with it.
    /// </summary>
    public int ReadCount(int limit, int minimumBytes, string what)
    {
        ulong count = ReadUInt64(what);
        if (count > (ulong)limit)
        {
            throw ErrorBefore(sizeof(ulong), $"{what} is out of range", $"at most {limit}", $"{count}");
        }
        CheckCount((long)count, minimumBytes, what);
        return (int)count;
    }

    /// <summary>Refuses a count, just read or announced, that the rest of the file cannot hold.</summary>
    public readonly void CheckCount(long count, int minimumBytes, string what)
    {
        if (count > Remaining / minimumBytes)
        {
            throw ErrorBefore(sizeof(ulong), $"{what} is more than the rest of the file can hold", $"at most {Remaining / minimumBytes}", $"{count}");
        }
    }

    /// <summary>An error at the current position.</summary>
    public readonly GgufFormatException Error(string problem, string? expected = null, string? found = null)
        => ErrorBefore(0, problem, expected, found);

    /// <summary>An error about something read just now, <paramref name="back"/> bytes before the current position.</summary>
    public readonly GgufFormatException ErrorBefore(long back, string problem, string? expected = null, string? found = null)
        => ErrorAt(Position - back, problem, expected, found);

    /// <summary>An error at a position; the key or tensor at hand is named.</summary>
    public readonly GgufFormatException ErrorAt(long offset, string problem, string? expected = null, string? found = null)
        => new(path, Key is null ? problem : $"{problem} in {GgufFormatException.Quote(Key)}", offset, Key, expected, found);
}
