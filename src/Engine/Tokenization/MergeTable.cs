namespace LocalLlm.Engine.Tokenization;

/// <summary>Two neighbouring symbols. A symbol is a token's id, or a negative number for something that the vocabulary cannot spell.</summary>
internal readonly record struct SymbolPair(int Left, int Right)
{
    // Seeded per process, so that a file cannot be made whose pairs all fall into one bucket.
    public override int GetHashCode() => HashCode.Combine(Left, Right);
}

/// <summary>What a pair of symbols becomes, and when: lower priorities go first.</summary>
internal readonly record struct Merge(uint Priority, int Token);

/// <summary>The merges of a vocabulary, by the pair that they join.</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<SymbolPair, Merge> _merges = new(capacity);

    /// <summary>Adds a merge; the first of two for the same pair stays.</summary>
    public void Add(SymbolPair pair, Merge merge) => _merges.TryAdd(pair, merge);

    /// <summary>What a pair becomes; false if it stays two.</summary>
    public bool TryGet(SymbolPair pair, out Merge merge) => _merges.TryGetValue(pair, out merge);
}
