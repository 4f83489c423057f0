using System.Buffers;
using System.Security.Cryptography;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>Works out the digest of a blob while it comes: what has come from the first byte on without a gap is hashed, the rest at the end.</summary>
/// <param name="blob">The blob; it must stay open until hashing has ended.</param>
/// <param name="plan">Says how far it has come.</param>
internal sealed class PrefixHash(PartialBlob blob, DownloadPlan plan) : IDisposable
{
    private const int BufferBytes = 1 << 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _hashed;

    /// <summary>Hashes to the end, waiting for bytes that are still to come.</summary>
    /// <returns>The digest of all bytes.</returns>
    /// <exception cref="StoreException">The disk fails.</exception>
    public async Task<BlobDigest> RunAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (_hashed < blob.Size)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Math.Min(plan.Prefix - _hashed, BufferBytes) is long count and > 0)
                {
                    int read = RandomAccess.Read(blob.Handle, buffer.AsSpan(0, (int)count), _hashed);
                    _hash.AppendData(buffer, 0, read);
                    _hashed += read > 0 ? read : throw new EndOfStreamException($"'{blob.Path}' has become shorter");
                }
                else
                {
                    await Task.Delay(s_pause, cancellationToken);
                }
            }
            return BlobDigest.OfHash(_hash.GetHashAndReset());
        }
        catch (IOException exception)
        {
            throw StoreException.Of(exception, blob.Path);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
