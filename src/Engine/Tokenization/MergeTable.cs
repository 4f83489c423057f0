using System.Numerics;
using System.Runtime.CompilerServices;

namespace LocalLlm.Engine.Tokenization;

/// <summary>Two neighbouring symbols. A symbol is a token's id, or a negative number for something that the vocabulary cannot spell.</summary>
internal readonly record struct SymbolPair(int Left, int Right);

/// <summary>What a pair of symbols becomes, and when: lower priorities go first.</summary>
internal readonly record struct Merge(uint Priority, int Token);

/// <summary>The merges of a vocabulary, by the pair that they join: a table of places to which pairs are hashed, each in the first free place at or after its own.</summary>
internal sealed class MergeTable
{
    private const int Free = -1; // no token

    private Place[] _places;
    private int _count;

    // A quarter of a cache line.
    private record struct Place(SymbolPair Pair, Merge Merge);

    /// <summary>Makes an empty table.</summary>
    /// <param name="capacity">Merges to make room for; more may follow.</param>
    public MergeTable(int capacity) => _places = NewPlaces(capacity);

    /// <summary>Adds a merge; the first of two for the same pair stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Add(SymbolPair pair, Merge merge)
    {
        if (4L * _count >= 3L * _places.Length)
        {
            Grow();
        }
        ref Place place = ref Find(pair);
        if (place.Merge.Token == Free)
        {
            place = new Place(pair, merge);
            _count++;
        }
    }

    /// <summary>What a pair becomes; false if it stays two.</summary>
    public bool TryGet(SymbolPair pair, out Merge merge)
    {
        merge = Find(pair).Merge;
        return merge.Token != Free;
    }

    /// <summary>The place of a pair, or the free one where it would go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private ref Place Find(SymbolPair pair)
    {
        Place[] places = _places;
        int mask = places.Length - 1;
        int at = (int)SeededHash.Of(pair.Left, pair.Right) & mask;
        while (places[at].Merge.Token != Free && (places[at].Pair.Left != pair.Left || places[at].Pair.Right != pair.Right))
        {
            at = (at + 1) & mask;
        }
        return ref places[at];
    }

    private void Grow()
    {
        Place[] old = _places;
        _places = NewPlaces(old.Length);
        foreach (Place place in old)
        {
            if (place.Merge.Token != Free)
            {
                Find(place.Pair) = place;
            }
        }
    }

    private static Place[] NewPlaces(int capacity)
    {
        Place[] places = new Place[BitOperations.RoundUpToPowerOf2(((ulong)Math.Max(capacity, 8) * 4 / 3) + 1)];
        Array.Fill(places, new Place(default, new Merge(0, Free)));
        return places;
    }
}
