namespace LocalLlm.Engine.Sampling;

/// <summary>Takes the k largest of many logits in one pass: a heap of k whose root is the worst kept, so that nearly every logit costs one comparison.</summary>
internal static class TopKSelection
{
    /// <summary>Fills <paramref name="top"/> with its length's worth of largest logits, likeliest first, lower ids first among equals; -infinity is left out.</summary>
    /// <param name="logits">One logit for each token of the vocabulary.</param>
    /// <param name="top">Where they go; weights are left 0.</param>
    /// <returns>How many there are; fewer than asked for if too few are above -infinity.</returns>
    /// <exception cref="TextEngineException">A logit is NaN or +infinity.</exception>
    public static int Select(ReadOnlySpan<float> logits, Span<Candidate> top)
    {
        int count = 0;
        float threshold = float.NegativeInfinity;
        for (int token = 0; token < logits.Length; token++)
        {
            // NaN compares false and goes on to be refused. An equal logit has a higher id than those kept and so does not enter.
            if (logits[token] <= threshold)
            {
                continue;
            }
            LogitGuard.RequireFinite(logits[token], token);
            if (count < top.Length)
            {
                top[count] = new Candidate(token, logits[token]);
                SiftUp(top, count++);
            }
            else if (count > 0)
            {
                top[0] = new Candidate(token, logits[token]);
                SiftDown(top, 0);
            }
            threshold = count > 0 && count == top.Length ? top[0].Logit : float.NegativeInfinity;
        }
        SortHeap(top[..count]);
        return count;
    }

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
