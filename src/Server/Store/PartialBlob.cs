using Microsoft.Win32.SafeHandles;

namespace LocalLlm.Server.Store;

/// <summary>
/// A blob that is being fetched: a sparse file of the full size, <c>sha256-HEX-partial</c>, which keeps what was written when the program ends early. Beside
/// it, <see cref="JournalPath"/> is for whoever fetches to note which parts are there. One holder at a time, over all processes; its parts may be written
/// from many threads.
/// </summary>
internal sealed class PartialBlob : IDisposable
{
    /// <summary>What follows a blob's name while it is fetched.</summary>
    public const string Suffix = "-partial";

    private readonly BlobStore _blobs;
    private readonly FileStream _file;

    private PartialBlob(BlobStore blobs, BlobDigest digest, FileStream file)
    {
        (_blobs, Digest, _file) = (blobs, digest, file);
    }

    /// <summary>What the bytes must come to.</summary>
    public BlobDigest Digest { get; }

    /// <summary>Bytes of the whole blob.</summary>
    public long Size => _file.Length;

    /// <summary>Where the bytes are.</summary>
    public string Path => _file.Name;

    /// <summary>A file for notes on what has been written; it goes with the partial file.</summary>
    public string JournalPath => JournalOf(Path);

    /// <summary>The file, for writing at offsets from many threads.</summary>
    public SafeFileHandle Handle => _file.SafeFileHandle;

    /// <summary>The journal beside a partial file.</summary>
    public static string JournalOf(string partialPath) => $"{partialPath}-journal";

    /// <summary>
    /// Opens the partial file of a blob; <see cref="BlobStore.OpenPartial"/> is the way here, with the store locked: a file that is renamed or deleted between
    /// being opened and being locked would be written to under its new name.
    /// </summary>
    internal static PartialBlob? TryOpen(BlobStore blobs, BlobDigest digest, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        string path = blobs.PathOf(digest) + Suffix;
        if (LockedFile.TryOpen(path) is not { } file)
        {
            return null;
        }
        try
        {
            if (file.Length != size)
            {
                // Of another attempt that was told another size: its notes mean nothing here.
                DurableFiles.TryDelete(JournalOf(path));
                file.SetLength(0);
                file.SetLength(size);
            }
            return new PartialBlob(blobs, digest, file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            file.Dispose();
            throw StoreException.Of(exception, path);
        }
    }

    /// <summary>Writes bytes at an offset.</summary>
    /// <exception cref="StoreException">The disk is full or fails.</exception>
    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        if (offset < 0 || bytes.Length > Size - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"{bytes.Length} bytes at {offset} go beyond the blob's {Size}");
        }
        try
        {
            RandomAccess.Write(Handle, bytes, offset);
        }
        catch (IOException exception)
        {
            throw StoreException.Of(exception, Path);
        }
    }

    /// <summary>Has what was written reach the disk, so that a note of it may be made: a journal must never say more than the disk holds.</summary>
    /// <exception cref="StoreException">The disk is full or fails.</exception>
    public void Flush()
    {
        try
        {
            RandomAccess.FlushToDisk(Handle);
        }
        catch (IOException exception)
        {
            throw StoreException.Of(exception, Path);
        }
    }

    /// <summary>
    /// Makes the file a blob, once all bytes were written. This object stays open until it is disposed, but can be written no more.
    /// </summary>
    /// <param name="found">The digest of the bytes if it was worked out while they came; null to read them again for it.</param>
    /// <param name="cancellationToken">Gives up reading; the partial file stays.</param>
    /// <exception cref="StoreException">The digest is another one: partial file and journal are deleted, since nobody knows which bytes are wrong. Or the disk fails.</exception>
    public void Commit(BlobDigest? found = null, CancellationToken cancellationToken = default)
    {
        Flush();
        try
        {
            BlobStore.Require(Digest, found ?? Hash(cancellationToken));
        }
        catch (StoreException)
        {
            Discard();
            throw;
        }
        using StoreLock held = _blobs.Lock();
        try
        {
            _blobs.Keep(Path, Digest);
            DurableFiles.TryDelete(JournalPath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, Path);
        }
    }

    /// <summary>Deletes the partial file and its journal.</summary>
    public void Discard()
    {
        using StoreLock held = _blobs.Lock();
        DurableFiles.TryDelete(JournalPath);
        DurableFiles.TryDelete(Path);
    }

    /// <summary>Closes the file; if it was not committed, it stays for the next attempt.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>The digest of all bytes, read through the open file: opening it again would meet its own lock.</summary>
    private BlobDigest Hash(CancellationToken cancellationToken)
    {
        _file.Position = 0;
        return BlobDigest.Of(_file, cancellationToken);
    }
}
