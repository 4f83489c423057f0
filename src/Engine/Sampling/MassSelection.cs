namespace LocalLlm.Engine.Sampling;

/// <summary>
/// Keeps the first candidates of an order that together reach a mass, without sorting: Hoare's quickselect, which follows weight in place of rank.
/// Expected time is linear in the number of candidates, also where the set to keep is large.
/// </summary>
internal static class MassSelection
{
    /// <summary>Moves the smallest set that reaches the mass to the front, in no particular order, and returns its size, at least 1.</summary>
    /// <param name="candidates">At least one, with their weights.</param>
    /// <param name="mass">Sum of weights to reach; all are kept if their sum stays below it.</param>
    /// <param name="order">Which come first.</param>
    public static int Keep<TOrder>(Span<Candidate> candidates, double mass, TOrder order)
        where TOrder : struct, ICandidateOrder
    {
        // The set ends in (begin, end]; those before begin belong to it and are paid for.
        int begin = 0, end = candidates.Length;
        while (end - begin > 1)
        {
            int pivot = begin + Partition(candidates[begin..end], order);
            double before = 0;
            for (int i = begin; i < pivot; i++)
            {
                before += candidates[i].Weight;
            }
            if (pivot > begin && before >= mass)
            {
                end = pivot;
                continue;
            }
            mass -= before + candidates[pivot].Weight;
            begin = pivot + 1;
            if (mass <= 0)
            {
                return begin;
            }
        }
        return end;
    }

    /// <summary>Parts the span into those before a pivot, the pivot, and those after it; returns the pivot's place.</summary>
    private static int Partition<TOrder>(Span<Candidate> span, TOrder order)
        where TOrder : struct, ICandidateOrder
    {
        int last = span.Length - 1;
        int middle = MedianOfThree(span, order);
        (span[middle], span[last]) = (span[last], span[middle]);
        int place = 0;
        for (int i = 0; i < last; i++)
        {
            if (order.Before(span[i], span[last]))
            {
                (span[i], span[place]) = (span[place], span[i]);
                place++;
            }
        }
        (span[place], span[last]) = (span[last], span[place]);
        return place;
    }

    /// <summary>The middle one of first, middle and last: sorted input, which top_k hands over, is split in half.</summary>
    private static int MedianOfThree<TOrder>(ReadOnlySpan<Candidate> span, TOrder order)
        where TOrder : struct, ICandidateOrder
    {
        int a = 0, b = span.Length / 2, c = span.Length - 1;
        if (order.Before(span[b], span[a]))
        {
            (a, b) = (b, a);
        }
        if (!order.Before(span[c], span[b]))
        {
            return b;
        }
        return order.Before(span[c], span[a]) ? a : c;
    }
}
