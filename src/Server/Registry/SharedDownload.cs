namespace LocalLlm.Server.Registry;

/// <summary>A download that several take part in. <see cref="BlobDownloads"/> calls what changes it, one at a time.</summary>
internal sealed class SharedDownload : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private volatile BlobDownload? _fetching;
    private int _members;
    private bool _closed;
    private long _completed;

    /// <summary>Ends when the blob is there, or with what went wrong.</summary>
    public Task Task { get; set; } = Task.CompletedTask;

    /// <summary>Bytes of the blob; 0 until they are known.</summary>
    public long Total { get; set; }

    /// <summary>Cancelled when the last member has left.</summary>
    public CancellationToken Token => _left.Token;

    /// <summary>What fetches at the moment; null for nothing.</summary>
    public BlobDownload? Fetching { get => _fetching; set => _fetching = value; }

    /// <summary>Bytes that have come.</summary>
    public long Completed => _completed = Math.Max(_completed, _fetching?.Completed ?? (Task.IsCompletedSuccessfully ? Total : 0));

    /// <summary>Another takes part.</summary>
    /// <returns>False if it is ending.</returns>
    public bool Enter()
    {
        if (_closed)
        {
            return false;
        }
        _members++;
        return true;
    }

    /// <summary>One leaves; the last one ends it.</summary>
    public void Leave()
    {
        if (--_members == 0 && !_closed)
        {
            _closed = true;
            _ = _left.CancelAsync(); // not here: what it ends would run under the caller's lock
        }
    }

    /// <summary>It has ended.</summary>
    public void Dispose()
    {
        _closed = true;
        _left.Dispose();
    }
}

/// <summary>A part in a download.</summary>
/// <param name="downloads">Where it runs.</param>
/// <param name="download">The download.</param>
internal sealed class DownloadShare(BlobDownloads downloads, SharedDownload download) : IDisposable
{
    private int _disposed;

    /// <summary>Ends when the blob is there, or with what went wrong.</summary>
    public Task Task => download.Task;

    /// <summary>Bytes of the blob; 0 until they are known.</summary>
    public long Total => download.Total;

    /// <summary>Bytes that have come.</summary>
    public long Completed => download.Completed;

    /// <summary>Leaves.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            downloads.Leave(download);
        }
    }
}
