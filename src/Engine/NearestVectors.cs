using System.Numerics.Tensors;

namespace LocalLlm.Engine;

/// <summary>Keeps, of vectors that come one by one, those that point most nearly the way of one query: by cosine, whatever their lengths.</summary>
public sealed class NearestVectors
{
    private readonly float[] _query;
    private readonly int _count;

    // The worst is the first to leave: the least cosine and, among equals, the vector that came last.
    private readonly PriorityQueue<Neighbour, (float Cosine, long Index)> _best = new();

    /// <summary>Begins without any.</summary>
    /// <param name="query">What the others are compared with; not zero.</param>
    /// <param name="count">How many to keep, at least 1.</param>
    public NearestVectors(float[] query, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (_query, _count) = (query, count);
    }

    /// <summary>Those kept, the nearest first; among equals the one that came first.</summary>
    public IReadOnlyList<Neighbour> Best => [.. _best.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];

    /// <summary>Looks at one more vector.</summary>
    /// <param name="index">Its number: ascending from call to call.</param>
    /// <param name="vector">As wide as the query, and not zero.</param>
    /// <exception cref="ArgumentException">It has another width.</exception>
    /// <returns>Whether it is kept for now.</returns>
    public bool Add(long index, ReadOnlySpan<float> vector)
    {
        if (vector.Length != _query.Length)
        {
            throw new ArgumentException($"A vector of {vector.Length} components cannot be compared with a query of {_query.Length}.", nameof(vector));
        }
        float cosine = TensorPrimitives.CosineSimilarity(_query, vector);
        var neighbour = new Neighbour(index, cosine);
        if (_best.Count < _count)
        {
            _best.Enqueue(neighbour, (cosine, -index));
            return true;
        }
        return _best.EnqueueDequeue(neighbour, (cosine, -index)) != neighbour;
    }
}

/// <summary>A vector and how near it is.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Cosine">Cosine of the angle between it and the query, -1 to 1.</param>
public readonly record struct Neighbour(long Index, float Cosine);
