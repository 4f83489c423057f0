using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>
/// Who fetches which bytes of a blob. What is missing is handed out in parts, from the beginning on; when nothing is left to hand out, a connection that has
/// finished takes half of what the slowest still has to fetch. A byte is written once and never over another, so that what was hashed is what stays on the
/// disk, whatever a registry sends when it is asked again. Safe to use from many threads.
/// </summary>
internal sealed class DownloadPlan : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Lock _noting = new();
    private readonly PartialBlob _blob;
    private readonly RegistryOptions _options;
    private readonly DownloadJournal _journal;
    private readonly ByteRanges _there = new();
    private readonly ByteRanges _unnoted = new();
    private readonly Queue<(long Start, long End)> _parts = [];
    private readonly List<DownloadPart> _active = [];

    /// <summary>Plans what the journal of a partial blob does not say is there.</summary>
    /// <exception cref="StoreException">The journal cannot be read or written.</exception>
    public DownloadPlan(PartialBlob blob, RegistryOptions options)
    {
        (_blob, _options) = (blob, options);
        _journal = DownloadJournal.Open(blob, _there);
        foreach ((long start, long end) in _there.Gaps(0, blob.Size))
        {
            for (long at = start; at < end; at += options.PartBytes)
            {
                _parts.Enqueue((at, Math.Min(at + options.PartBytes, end)));
            }
        }
    }

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

    /// <summary>The next part to fetch; null if there is none, and none worth dividing.</summary>
    public DownloadPart? Take()
    {
        lock (_lock)
        {
            DownloadPart? part = _parts.TryDequeue(out (long Start, long End) next) ? new DownloadPart(next.Start, next.End) : Steal();
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
            _parts.Clear();
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
            part.Next = end; // before they are written, so that nobody takes them over meanwhile
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

    private DownloadPart? Steal()
    {
        DownloadPart? victim = _active.MaxBy(part => part.End - part.Next);
        if (victim is null || victim.End - victim.Next < 2L * _options.StealBytes)
        {
            return null;
        }
        long middle = victim.Next + ((victim.End - victim.Next) / 2);
        DownloadPart stolen = new(middle, victim.End);
        victim.End = middle;
        return stolen;
    }
}

/// <summary>Bytes that one connection fetches. <see cref="DownloadPlan"/> alone changes it.</summary>
/// <param name="start">The first byte.</param>
/// <param name="end">One past the last.</param>
internal sealed class DownloadPart(long start, long end)
{
    private long _next = start;
    private long _end = end;

    /// <summary>The next byte to come.</summary>
    public long Next { get => Interlocked.Read(ref _next); set => Interlocked.Exchange(ref _next, value); }

    /// <summary>One past the last byte; it falls when another connection takes over the rest.</summary>
    public long End { get => Interlocked.Read(ref _end); set => Interlocked.Exchange(ref _end, value); }
}
