namespace LocalLlm.Server.Registry;

/// <summary>A set of byte positions, kept as ranges that neither touch nor overlap, in ascending order.</summary>
internal sealed class ByteRanges
{
    private readonly List<(long Start, long End)> _ranges = [];

    /// <summary>The ranges; an end is one past the last byte.</summary>
    public IReadOnlyList<(long Start, long End)> All => _ranges;

    /// <summary>How many positions there are.</summary>
    public long Count => _ranges.Sum(range => range.End - range.Start);

    /// <summary>How many there are from zero on without a gap.</summary>
    public long Prefix => _ranges.Count > 0 && _ranges[0].Start == 0 ? _ranges[0].End : 0;

    /// <summary>Adds positions, which may be there already.</summary>
    public void Add(long start, long end)
    {
        if (start >= end)
        {
            return;
        }
        int first = _ranges.FindIndex(range => range.End >= start);
        first = first < 0 ? _ranges.Count : first;
        int last = first;
        while (last < _ranges.Count && _ranges[last].Start <= end)
        {
            (start, end) = (Math.Min(start, _ranges[last].Start), Math.Max(end, _ranges[last].End));
            last++;
        }
        _ranges.RemoveRange(first, last - first);
        _ranges.Insert(first, (start, end));
    }

    /// <summary>Removes all.</summary>
    public void Clear() => _ranges.Clear();

    /// <summary>What is missing between two bounds.</summary>
    public IEnumerable<(long Start, long End)> Gaps(long from, long bound)
    {
        long at = from;
        foreach ((long start, long end) in _ranges)
        {
            if (start > at && at < bound)
            {
                yield return (at, Math.Min(start, bound));
            }
            at = Math.Max(at, end);
        }
        if (at < bound)
        {
            yield return (at, bound);
        }
    }
}
