using System.Buffers;
using System.Security.Cryptography;

namespace LocalLlm.Server.Store;

/// <summary>
/// The blobs of a store: files named after the SHA-256 of their bytes. A file of such a name is whole and right, because it gets the name last; what is being
/// fetched has the name with <c>-partial</c> after it (<see cref="PartialBlob"/>). Blobs are never changed. Safe to use from many threads and processes.
/// </summary>
internal sealed class BlobStore
{
    private const int BufferBytes = 1 << 20;

    private readonly bool _readOnly;

    /// <summary>The blobs of a folder, which need not exist yet.</summary>
    /// <param name="folder">The folder <c>blobs</c> of a store.</param>
    /// <param name="readOnly">Whether every change is refused.</param>
    public BlobStore(string folder, bool readOnly)
    {
        Folder = folder;
        _readOnly = readOnly;
    }

    /// <summary>The folder that holds the blobs.</summary>
    public string Folder { get; }

    /// <summary>Where a blob is, if it is there.</summary>
    public string PathOf(BlobDigest digest) => Path.Combine(Folder, digest.FileName);

    /// <summary>Whether a blob is there.</summary>
    public bool Exists(BlobDigest digest) => File.Exists(PathOf(digest));

    /// <summary>
    /// Opens a blob for fetching it piece by piece, in any order; what an earlier attempt wrote is still there.
    /// </summary>
    /// <param name="digest">What its bytes must come to.</param>
    /// <param name="size">Bytes that it will have.</param>
    /// <returns>Null if the blob has come meanwhile, or another process (or another part of this one) is fetching it.</returns>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    public PartialBlob? OpenPartial(BlobDigest digest, long size)
    {
        Prepare();
        using StoreLock held = Lock();
        return Exists(digest) ? null : PartialBlob.TryOpen(this, digest, size);
    }

    /// <summary>Adds a blob that comes as a stream. If it is there already, nothing is read, and it counts as new for <see cref="StorePruning"/>.</summary>
    /// <returns>Whether the blob was not there before.</returns>
    /// <exception cref="StoreException">The bytes have another digest (nothing is kept), the store is read-only, or the disk is full.</exception>
    public async Task<bool> AddAsync(BlobDigest digest, Stream content, CancellationToken cancellationToken)
    {
        Prepare();
        if (Exists(digest))
        {
            Touch(digest);
            return false;
        }
        string temporary = DurableFiles.TemporaryIn(Folder);
        try
        {
            BlobDigest found = await CopyAsync(content, temporary, cancellationToken);
            Require(digest, found);
            Keep(temporary, digest);
            return true;
        }
        catch
        {
            DurableFiles.TryDelete(temporary);
            throw;
        }
    }

    /// <summary>Adds a blob that is in memory.</summary>
    /// <returns>Its digest.</returns>
    /// <exception cref="StoreException">The store is read-only, or the disk is full.</exception>
    public BlobDigest Add(ReadOnlySpan<byte> content)
    {
        BlobDigest digest = BlobDigest.Of(content);
        Prepare();
        if (Exists(digest))
        {
            Touch(digest);
            return digest;
        }
        try
        {
            DurableFiles.Write(PathOf(digest), content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, Folder);
        }
        return digest;
    }

    /// <summary>
    /// Adds a file as a blob such that a model is not on the disk twice (<see cref="TryShareFile"/>), or where that cannot be a copy.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="digest">Its digest, as <see cref="BlobDigest.OfFile"/> gives it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreException">The store is read-only, the disk is full, or the file has changed meanwhile and had to be copied.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public async Task AddFileAsync(string path, BlobDigest digest, CancellationToken cancellationToken)
    {
        if (!TryShareFile(path, digest))
        {
            await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            await AddAsync(digest, file, cancellationToken);
        }
    }

    /// <summary>
    /// Adds a file as a blob without copying it: a file that shares its bytes until either is changed, where the file system has such, else a hard link. A
    /// linked file must not be changed in place afterwards; replacing it is fine. Its time stays as it was, so that a linked blob may be pruned at once if
    /// its manifest does not follow.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="digest">Its digest, as <see cref="BlobDigest.OfFile"/> gives it.</param>
    /// <returns>Whether the blob is there now.</returns>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    public bool TryShareFile(string path, BlobDigest digest)
    {
        Prepare();
        string real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        bool isThere = Exists(digest) || TryClone(real, digest);
        if (!isThere)
        {
            DurableFiles.SyncToDisk(real); // whoever wrote the file may have left that to the system
        }
        isThere = isThere || DurableFiles.TryLink(real, PathOf(digest)) || Exists(digest);
        DurableFiles.SyncToDisk(Folder);
        return isThere;
    }

    /// <summary>Has a blob count as new, so that it is not pruned before the manifest that will name it is written.</summary>
    public void Touch(BlobDigest digest)
    {
        try
        {
            File.SetLastWriteTimeUtc(PathOf(digest), DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A linked file of somebody else: whoever writes the manifest checks that its blobs are there.
        }
    }

    private bool TryClone(string path, BlobDigest digest)
    {
        string temporary = DurableFiles.TemporaryIn(Folder);
        if (!DurableFiles.TryClone(path, temporary))
        {
            return false;
        }
        Keep(temporary, digest);
        return true;
    }

    /// <summary>Takes the lock of the store that the blobs belong to.</summary>
    internal StoreLock Lock() => StoreLock.Take(Path.GetDirectoryName(Folder)!);

    /// <summary>Gives finished bytes their name.</summary>
    internal void Keep(string temporary, BlobDigest digest) => DurableFiles.Rename(temporary, PathOf(digest));

    /// <summary>Compares digests.</summary>
    /// <exception cref="StoreException">They differ.</exception>
    internal static void Require(BlobDigest expected, BlobDigest found)
    {
        if (expected != found)
        {
            throw new StoreException(StoreErrorKind.DigestMismatch, $"digest mismatch, expected \"{expected}\", got \"{found}\"");
        }
    }

    /// <summary>Makes the folder.</summary>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    private void Prepare()
    {
        if (_readOnly)
        {
            throw ModelStore.IsReadOnlyError(Folder);
        }
        try
        {
            DurableFiles.CreateFolder(Folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, Folder);
        }
    }

    private static async Task<BlobDigest> CopyAsync(Stream content, string path, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using FileStream file = OnDisk(path, () => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0));
            long at = 0;
            while (await content.ReadAsync(buffer, cancellationToken) is int read and > 0)
            {
                hash.AppendData(buffer, 0, read);
                OnDisk(path, () =>
                {
                    RandomAccess.Write(file.SafeFileHandle, buffer.AsSpan(0, read), at);
                    return at += read;
                });
            }
            OnDisk(path, () =>
            {
                file.Flush(flushToDisk: true);
                return at;
            });
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return BlobDigest.OfHash(hash.GetHashAndReset());
    }

    /// <summary>Does something whose failures are those of the disk, not of the stream that is read.</summary>
    private static T OnDisk<T>(string path, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            throw StoreException.Of(exception, Path.GetDirectoryName(path)!);
        }
    }
}
