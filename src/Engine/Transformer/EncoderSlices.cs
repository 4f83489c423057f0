namespace LocalLlm.Engine.Transformer;

/// <summary>
/// A batch of sequences cut into slices, each small enough that what is computed of it stays in a thread's own cache from operation to operation, and as
/// many as keep all threads busy. A slice is whole sequences: it goes through all blocks without waiting for another.
/// </summary>
internal sealed class EncoderSlices
{
    private readonly List<EncoderSlice> _slices = [];

    /// <summary>The slices, in the order of the batch.</summary>
    public IReadOnlyList<EncoderSlice> All => _slices;

    /// <summary>Tokens of the largest.</summary>
    public int Largest { get; private set; }

    /// <summary>Cuts a batch.</summary>
    /// <param name="lengths">Tokens of each sequence.</param>
    /// <param name="most">Most tokens of a slice, unless a single sequence is longer.</param>
    /// <param name="threads">Threads that take slices.</param>
    public void Cut(ReadOnlySpan<int> lengths, int most, int threads)
    {
        _slices.Clear();
        Largest = 0;
        int tokens = 0;
        foreach (int length in lengths)
        {
            tokens += length;
        }
        // Rounds in which every thread has a slice, and the slices of the last one no smaller than those of the first.
        int rounds = (tokens + (most * threads) - 1) / (most * threads), count = rounds * threads, first = 0, done = 0;
        for (int i = 0, size = 0; i < lengths.Length; i++)
        {
            size += lengths[i];
            // Up to where the slice ends if all are alike, or the sequence after it would reach further beyond that than this one stays behind.
            long end = ((long)tokens * (_slices.Count + 1) / count) - done;
            if (i + 1 == lengths.Length || size + lengths[i + 1] > most || size + (lengths[i + 1] / 2) >= end)
            {
                _slices.Add(new EncoderSlice(first, i + 1 - first, done, size));
                Largest = Math.Max(Largest, size);
                done += size;
                first = i + 1;
                size = 0;
            }
        }
    }
}

/// <summary>Neighbouring sequences of a batch.</summary>
/// <param name="FirstSequence">Index of the first one.</param>
/// <param name="Sequences">How many.</param>
/// <param name="FirstToken">Tokens before them.</param>
/// <param name="Tokens">Tokens that they have.</param>
internal readonly record struct EncoderSlice(int FirstSequence, int Sequences, int FirstToken, int Tokens);
