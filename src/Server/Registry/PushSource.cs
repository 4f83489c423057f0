using System.Net;
using LocalLlm.Server.Store;
using Microsoft.Win32.SafeHandles;

namespace LocalLlm.Server.Registry;

/// <summary>The bytes of a blob that is sent to a registry. The file is held open, so that it can be sent even if its model is deleted meanwhile.</summary>
internal sealed class PushSource : IDisposable
{
    private const int BufferBytes = 64 << 10;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly RateLimit? _limit;
    private long _position;
    private bool _isThere;

    /// <summary>Opens the blob of a layer.</summary>
    /// <param name="blobs">Where it is.</param>
    /// <param name="layer">What the manifest says of it.</param>
    /// <param name="limit">How fast it may be sent; null for as fast as can be.</param>
    /// <exception cref="StoreException">It is missing, cannot be read, or has another size than its manifest says.</exception>
    public PushSource(BlobStore blobs, ManifestLayer layer, RateLimit? limit)
    {
        (Digest, _path, _limit) = (layer.Blob, blobs.PathOf(layer.Blob), limit);
        _file = Open(_path, Digest);
        Size = RandomAccess.GetLength(_file);
        if (Size != layer.Size)
        {
            _file.Dispose();
            throw new StoreException(StoreErrorKind.Broken, $"the blob {Digest} has {Size} bytes, where its manifest says {layer.Size}: 'localllm doctor --store' tells what else is wrong");
        }
    }

    /// <summary>The digest of the bytes.</summary>
    public BlobDigest Digest { get; }

    /// <summary>How many bytes there are.</summary>
    public long Size { get; }

    /// <summary>How far sending has come: all before this byte has been sent, or is there already.</summary>
    public long Position
    {
        get => Interlocked.Read(ref _position);
        set => Interlocked.Exchange(ref _position, value);
    }

    /// <summary>The position that was told last; -1 for none.</summary>
    public long Told { get; set; } = -1;

    /// <summary>Whether the registry has all of it.</summary>
    public bool IsThere => Volatile.Read(ref _isThere);

    /// <summary>The registry has all of it.</summary>
    public void Arrived()
    {
        Position = Size;
        Volatile.Write(ref _isThere, true);
    }

    /// <summary>A piece as the content of a request.</summary>
    /// <param name="from">The first byte.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="guard">Learns of every byte that gets away.</param>
    public HttpContent Piece(long from, long end, SilenceGuard guard) => new Content(this, from, end, guard);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static SafeFileHandle Open(string path, BlobDigest digest)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        }
        catch (FileNotFoundException exception)
        {
            throw new StoreException(StoreErrorKind.MissingBlob, $"the model is incomplete: its blob {digest} is missing at '{path}'; fetch or create the model again", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    private static StoreException Unreadable(string path, Exception exception) =>
        new(StoreErrorKind.Inaccessible, $"the blob '{path}' cannot be read: {exception.Message}", exception);

    private async Task SendAsync(Stream stream, long from, long end, SilenceGuard guard, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[Math.Min(BufferBytes, _limit?.ReadBytes ?? BufferBytes)];
        Position = from;
        while (from < end)
        {
            int length = (int)Math.Min(buffer.Length, end - from);
            await FillAsync(buffer.AsMemory(0, length), from, cancellationToken);
            if (_limit is not null)
            {
                await _limit.WaitAsync(length, cancellationToken);
                guard.Renew(); // waiting for our own turn is no silence of the registry
            }
            await stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
            guard.Renew();
            Position = from += length;
        }
    }

    /// <summary>Reads from the file; its failure must not be taken for one of the connection, which would be met with another attempt.</summary>
    private async Task FillAsync(Memory<byte> buffer, long at, CancellationToken cancellationToken)
    {
        try
        {
            for (int filled = 0; filled < buffer.Length;)
            {
                int read = await RandomAccess.ReadAsync(_file, buffer[filled..], at + filled, cancellationToken);
                filled += read > 0 ? read : throw new EndOfStreamException("it has become shorter");
            }
        }
        catch (IOException exception)
        {
            throw Unreadable(_path, exception);
        }
    }

    private sealed class Content(PushSource source, long from, long end, SilenceGuard guard) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            source.SendAsync(stream, from, end, guard, cancellationToken);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override bool TryComputeLength(out long length)
        {
            length = end - from;
            return true;
        }
    }
}
