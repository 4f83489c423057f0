using System.Numerics.Tensors;

namespace LocalLlm.Engine.Sampling;

/// <summary>
/// Takes the k largest of many logits in one pass: a heap of k whose root is the worst kept. Nearly every stretch of logits holds none above that
/// root, and is passed over at the speed of a vectorised maximum.
/// </summary>
internal static class TopKSelection
{
    private const int Stretch = 512;

    /// <summary>Fills <paramref name="top"/> with its length's worth of largest logits, likeliest first, lower ids first among equals; -infinity is left out.</summary>
    /// <param name="logits">One logit for each token of the vocabulary.</param>
    /// <param name="top">Where they go; weights are left 0.</param>
    /// <returns>How many there are; fewer than asked for if too few are above -infinity.</returns>
    /// <exception cref="TextEngineException">A logit is NaN or +infinity.</exception>
    public static int Select(ReadOnlySpan<float> logits, Span<Candidate> top)
    {
        if (top.IsEmpty)
        {
            return 0;
        }
        int count = 0;
        for (int start = 0; start < logits.Length; start += Stretch)
        {
            ReadOnlySpan<float> stretch = logits.Slice(start, Math.Min(Stretch, logits.Length - start));

            // The maximum of a stretch with NaN is NaN, which compares false and goes on to be refused.
            if (!(TensorPrimitives.Max(stretch) <= Threshold(top, count)))
            {
                count = Offer(stretch, start, top, count);
            }
        }
        SortHeap(top[..count]);
        return count;
    }

    /// <summary>Lets the logits of a stretch into the heap; returns the number of candidates in it then.</summary>
    private static int Offer(ReadOnlySpan<float> stretch, int firstToken, Span<Candidate> top, int count)
    {
        for (int i = 0; i < stretch.Length; i++)
        {
            // An equal logit has a higher id than those kept and so does not enter.
            if (stretch[i] <= Threshold(top, count))
            {
                continue;
            }
            Candidate candidate = new(firstToken + i, stretch[i]);
            LogitGuard.RequireFinite(candidate.Logit, candidate.Token);
            if (count < top.Length)
            {
                top[count] = candidate;
                SiftUp(top, count++);
            }
            else
            {
                top[0] = candidate;
                SiftDown(top, 0);
            }
        }
        return count;
    }

    /// <summary>What a logit must be above to enter.</summary>
    private static float Threshold(ReadOnlySpan<Candidate> top, int count) => count == top.Length ? top[0].Logit : float.NegativeInfinity;

    // Heap order: a parent is worse than its children.
    private static bool Worse(in Candidate a, in Candidate b) => default(ByLikelihood).Before(b, a);

    private static void SiftUp(Span<Candidate> heap, int child)
    {
        for (int parent = (child - 1) / 2; child > 0 && Worse(heap[child], heap[parent]); parent = (child - 1) / 2)
        {
            (heap[child], heap[parent]) = (heap[parent], heap[child]);
            child = parent;
        }
    }

    private static void SiftDown(Span<Candidate> heap, int parent)
    {
        for (int child = (2 * parent) + 1; child < heap.Length; child = (2 * parent) + 1)
        {
            if (child + 1 < heap.Length && Worse(heap[child + 1], heap[child]))
            {
                child++;
            }
            if (!Worse(heap[child], heap[parent]))
            {
                return;
            }
            (heap[child], heap[parent]) = (heap[parent], heap[child]);
            parent = child;
        }
    }

    /// <summary>Takes the worst to the end, again and again: the best ends in front.</summary>
    private static void SortHeap(Span<Candidate> heap)
    {
        for (int last = heap.Length - 1; last > 0; last--)
        {
            (heap[0], heap[last]) = (heap[last], heap[0]);
            SiftDown(heap[..last], 0);
        }
    }
}
