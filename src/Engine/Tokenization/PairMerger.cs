using System.Runtime.InteropServices;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Byte-pair encoding of one word: of all neighbouring pairs that may be joined, the one of lowest priority (the leftmost of several)
/// is joined, until none is left (Sennrich et al. 2016, arXiv:1508.07909). A queue of pairs over a linked list of symbols makes it
/// O(n log n), so that a word of a megabyte is no different from any other. One merger serves one thread at a time.
/// </summary>
internal sealed class PairMerger(MergeTable merges)
{
    private const int None = -1;
    private const int Joined = int.MinValue;

    // (priority << 32) | index of the left symbol: ties go to the leftmost.
    private readonly PriorityQueue<Candidate, ulong> _queue = new();
    private int[] _previous = [];
    private int[] _next = [];

    // A pair as it was when queued; it is stale if the symbols have changed since.
    private readonly record struct Candidate(SymbolPair Pair, int Token);

    /// <summary>The word's symbols: filled by the caller, joined in place by <see cref="Merge"/>.</summary>
    public List<int> Symbols { get; } = [];

    /// <summary>Joins <see cref="Symbols"/> until no pair of neighbours has a merge.</summary>
    public void Merge()
    {
        Span<int> symbols = CollectionsMarshal.AsSpan(Symbols);
        Link(symbols.Length);
        for (int left = 0; left + 1 < symbols.Length; left++)
        {
            Enqueue(symbols, left);
        }
        while (_queue.TryDequeue(out Candidate candidate, out ulong priority))
        {
            Join(symbols, (int)(uint)priority, candidate);
        }
        CollectionsMarshal.SetCount(Symbols, Compact(symbols));
    }

    private void Link(int count)
    {
        if (_next.Length < count)
        {
            int length = Math.Max(count, 64);
            _previous = new int[length];
            _next = new int[length];
        }
        for (int i = 0; i < count; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1 < count ? i + 1 : None;
        }
    }

    private void Join(Span<int> symbols, int left, Candidate candidate)
    {
        int right = _next[left];
        if (right == None || new SymbolPair(symbols[left], symbols[right]) != candidate.Pair)
        {
            return;
        }
        symbols[left] = candidate.Token;
        symbols[right] = Joined;
        int after = _next[right];
        _next[left] = after;
        _next[right] = None;
        if (after != None)
        {
            _previous[after] = left;
            Enqueue(symbols, left);
        }
        if (_previous[left] != None)
        {
            Enqueue(symbols, _previous[left]);
        }
    }

    private void Enqueue(ReadOnlySpan<int> symbols, int left)
    {
        SymbolPair pair = new(symbols[left], symbols[_next[left]]);
        if (merges.TryGet(pair, out Merge merge))
        {
            _queue.Enqueue(new Candidate(pair, merge.Token), ((ulong)merge.Priority << 32) | (uint)left);
        }
    }

    private static int Compact(Span<int> symbols)
    {
        int count = 0;
        foreach (int symbol in symbols)
        {
            if (symbol != Joined)
            {
                symbols[count++] = symbol;
            }
        }
        return count;
    }
}
