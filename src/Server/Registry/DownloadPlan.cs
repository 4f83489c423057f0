using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>
/// Who fetches which bytes of a blob. What is missing is handed out in parts, from the beginning on, smaller ones towards the end so that all connections
/// finish together. When nothing is left to hand out, a connection that has finished takes half of what another will be long with, or all that one has still
/// to fetch which is silent. A byte is written once and never over another, so that what was hashed is what stays on the disk, whatever a registry sends when
/// it is asked again. Safe to use from many threads.
/// </summary>
internal sealed class DownloadPlan : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Lock _noting = new();
    private readonly PartialBlob _blob;
    private readonly RegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly DownloadJournal _journal;
    private readonly ByteRanges _there = new();
    private readonly ByteRanges _unnoted = new();
    private readonly Queue<(long Start, long End)> _free;
    private readonly List<DownloadPart> _active = [];

    /// <summary>Plans what the journal of a partial blob does not say is there.</summary>
    /// <exception cref="StoreException">The journal cannot be read or written.</exception>
    public DownloadPlan(PartialBlob blob, RegistryOptions options, TimeProvider? time = null)
    {
        (_blob, _options, _time) = (blob, options, time ?? TimeProvider.System);
        _journal = DownloadJournal.Open(blob, _there);
        _free = new(_there.Gaps(0, blob.Size));
    }

    /// <summary>Whether all has come.</summary>
    public bool IsComplete => Completed == _blob.Size;

    /// <summary>Bytes that have come.</summary>
    public long Completed
    {
        get
        {
            lock (_lock)
            {
                return _there.Count;
            }
        }
    }

    /// <summary>Bytes that have come from the first on without a gap.</summary>
    public long Prefix
    {
        get
        {
            lock (_lock)
            {
                return _there.Prefix;
            }
        }
    }

    /// <summary>The next part to fetch; null if others fetch all that is missing, and soon will have.</summary>
    public DownloadPart? Take()
    {
        lock (_lock)
        {
            DownloadPart? part = _free.TryDequeue(out (long Start, long End) gap) ? Cut(gap) : TakeOver() ?? Halve();
            if (part is not null)
            {
                _active.Add(part);
            }
            return part;
        }
    }

    /// <summary>Gives a part all there is, from the first byte on, because the registry sends nothing less.</summary>
    public void TakeAll(DownloadPart part)
    {
        lock (_lock)
        {
            _free.Clear();
            (part.Next, part.End) = (0, _blob.Size);
        }
    }

    /// <summary>Writes bytes that have come for a part, but for those that another has taken over or that were there before.</summary>
    /// <returns>Whether the part wants more.</returns>
    /// <exception cref="StoreException">The disk is full or fails.</exception>
    public bool Write(DownloadPart part, ReadOnlySpan<byte> bytes)
    {
        long start, end;
        (long Start, long End)[] missing;
        lock (_lock)
        {
            (start, end) = (part.Next, Math.Max(part.Next, Math.Min(part.Next + bytes.Length, part.End)));
            (part.Next, part.LastSign) = (end, _time.GetTimestamp()); // before they are written, so that nobody takes them over meanwhile
            missing = [.. _there.Gaps(start, end)];
        }
        foreach ((long from, long to) in missing)
        {
            _blob.Write(bytes[(int)(from - start)..(int)(to - start)], from);
        }
        if (Add(missing))
        {
            Checkpoint();
        }
        return part.Next < part.End;
    }

    /// <summary>A part has come.</summary>
    public void Finish(DownloadPart part)
    {
        lock (_lock)
        {
            _active.Remove(part);
        }
    }

    /// <summary>Has the disk and then the journal take what they have not yet. Others write on meanwhile, until they have as much again.</summary>
    /// <exception cref="StoreException">The disk is full or fails.</exception>
    public void Checkpoint()
    {
        lock (_noting)
        {
            (long, long)[] written;
            lock (_lock)
            {
                written = [.. _unnoted.All];
                _unnoted.Clear();
            }
            if (written.Length > 0)
            {
                _blob.Flush();
                _journal.Note(written);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    /// <summary>Adds bytes that were written; true when it is time to note them.</summary>
    private bool Add((long Start, long End)[] written)
    {
        lock (_lock)
        {
            foreach ((long start, long end) in written)
            {
                _there.Add(start, end);
                _unnoted.Add(start, end);
            }
            return _unnoted.Count >= _options.CheckpointBytes;
        }
    }

    /// <summary>The beginning of a gap as a part; the rest waits for the next.</summary>
    private DownloadPart Cut((long Start, long End) gap)
    {
        long free = gap.End - gap.Start + _free.Sum(other => other.End - other.Start);
        long size = Math.Clamp(free / (2L * _options.Streams), Math.Min(2L * _options.StealBytes, _options.PartBytes), _options.PartBytes);
        long end = gap.End - gap.Start < size + _options.StealBytes ? gap.End : gap.Start + size;
        if (end < gap.End)
        {
            // It goes to the front again: a prefix without gaps can be hashed.
            (long, long)[] others = [.. _free];
            _free.Clear();
            _free.Enqueue((end, gap.End));
            Array.ForEach(others, _free.Enqueue);
        }
        return New(gap.Start, end);
    }

    /// <summary>All that a connection which is silent has still to fetch. Its failures go with it, so that bytes which cannot be had do not go round for ever.</summary>
    private DownloadPart? TakeOver()
    {
        DownloadPart? victim = _active.Find(part => part.Next < part.End && _time.GetElapsedTime(part.LastSign) >= _options.TakeOverAfter);
        if (victim is null)
        {
            return null;
        }
        DownloadPart taken = New(victim.Next, victim.End);
        taken.Failures = victim.Failures;
        victim.End = victim.Next;
        return taken;
    }

    private DownloadPart? Halve()
    {
        DownloadPart? victim = _active.MaxBy(TimeLeft);
        if (victim is null || victim.End - victim.Next < 2L * _options.StealBytes || TimeLeft(victim) < _options.StealAfter.TotalSeconds)
        {
            return null;
        }
        long middle = victim.Next + ((victim.End - victim.Next) / 2);
        DownloadPart stolen = New(middle, victim.End);
        victim.End = middle;
        return stolen;
    }

    /// <summary>Seconds that a connection will take as things stand; what nothing has come of yet takes at least as long as it has already.</summary>
    private double TimeLeft(DownloadPart part)
    {
        double past = _time.GetElapsedTime(part.Began).TotalSeconds;
        long got = part.Next - part.Start;
        return got <= 0 ? past : past * (part.End - part.Next) / got;
    }

    private DownloadPart New(long start, long end)
    {
        long now = _time.GetTimestamp();
        return new DownloadPart(start, end) { Began = now, LastSign = now };
    }
}

/// <summary>Bytes that one connection fetches. <see cref="DownloadPlan"/> alone changes what it spans.</summary>
/// <param name="start">The first byte.</param>
/// <param name="end">One past the last.</param>
internal sealed class DownloadPart(long start, long end)
{
    private long _next = start;
    private long _end = end;

    /// <summary>The first byte.</summary>
    public long Start { get; } = start;

    /// <summary>The next byte to come.</summary>
    public long Next { get => Interlocked.Read(ref _next); set => Interlocked.Exchange(ref _next, value); }

    /// <summary>One past the last byte; it falls when another connection takes over the rest.</summary>
    public long End { get => Interlocked.Read(ref _end); set => Interlocked.Exchange(ref _end, value); }

    /// <summary>When it was handed out (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    public long Began { get; init; }

    /// <summary>When bytes came last, or it was handed out.</summary>
    public long LastSign { get; set; }

    /// <summary>Attempts in a row that failed while nothing came.</summary>
    public int Failures { get; set; }
}
