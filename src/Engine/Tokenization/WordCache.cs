using System.Buffers.Binary;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Remembers the tokens of words seen, because text repeats its words. A fixed number of places, one word in each, the newest wins;
/// safe for any number of threads, because an entry never changes once it is in its place.
/// </summary>
internal sealed class WordCache
{
    // 16,384 words of at most 32 bytes and as many tokens: at most 5 MB for a tokenizer, half of that for ordinary text.
    private const int Places = 1 << 14;
    private const int LongestWord = 32;

    private readonly Entry?[] _entries = new Entry?[Places];

    private sealed record Entry(byte[] Word, int[] Tokens);

    /// <summary>The tokens of a word, if it is remembered.</summary>
    public bool TryGet(ReadOnlySpan<byte> word, out ReadOnlySpan<int> tokens)
    {
        if (word.Length <= LongestWord && Volatile.Read(ref _entries[Place(word)]) is { } entry && word.SequenceEqual(entry.Word))
        {
            tokens = entry.Tokens;
            return true;
        }
        tokens = default;
        return false;
    }

    /// <summary>Remembers a word, if it is short enough.</summary>
    public void Add(ReadOnlySpan<byte> word, ReadOnlySpan<int> tokens)
    {
        if (word.Length <= LongestWord)
        {
            Volatile.Write(ref _entries[Place(word)], new Entry(word.ToArray(), tokens.ToArray()));
        }
    }

    // Multiplicative hash of eight bytes at a time. Words that collide cost time, never a wrong answer.
    private static int Place(ReadOnlySpan<byte> word)
    {
        const ulong Golden = 0x9E3779B97F4A7C15;
        ulong hash = (ulong)word.Length;
        for (; word.Length >= 8; word = word[8..])
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(word)) * Golden;
            hash ^= hash >> 32;
        }
        ulong rest = 0;
        foreach (byte value in word)
        {
            rest = (rest << 8) | value;
        }
        hash = (hash ^ rest) * Golden;
        return (int)(hash >> 50);
    }
}
