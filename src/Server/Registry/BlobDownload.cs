using System.Buffers;
using System.Net;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>Fetches one blob into its partial file over several connections, and makes it a blob when its digest is right.</summary>
/// <param name="client">Speaks to the registry.</param>
/// <param name="repository">Where the blob is.</param>
/// <param name="blob">The partial file.</param>
/// <param name="limits">What holds its speed down.</param>
internal sealed class BlobDownload(RegistryClient client, RegistryRepository repository, PartialBlob blob, IReadOnlyList<RateLimit> limits) : IDisposable
{
    private const int BufferBytes = 128 << 10;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    private readonly RegistryOptions _options = client.Options;
    private readonly int _readBytes = limits.Select(limit => limit.ReadBytes).Append(BufferBytes).Min();
    private readonly RetryRule _retry = new(client.Options);
    private readonly DownloadPlan _plan = new(blob, client.Options);
    // Whether the registry sends pieces: known once the first answer has come, and until then one connection must do.
    private readonly TaskCompletionSource<bool> _sendsPieces = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Bytes that have come, those of earlier attempts included.</summary>
    public long Completed => _plan.Completed;

    /// <summary>Fetches what is missing.</summary>
    /// <exception cref="RegistryException">The registry refuses, cannot be reached, or sends other bytes than those of the digest (which are discarded).</exception>
    /// <exception cref="StoreException">The disk is full or fails.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PrefixHash hash = new(blob, _plan);
        Task<BlobDigest> hashing = Task.Run(() => hash.RunAsync(ended.Token), CancellationToken.None);
        List<Task> all = [hashing, .. Enumerable.Range(0, _options.Streams).Select(index => Task.Run(() => FetchAsync(index == 0, ended.Token), CancellationToken.None))];
        try
        {
            await EndAsync(all, hashing, ended);
        }
        finally
        {
            KeepNotes();
        }
        Commit(await hashing, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _plan.Dispose();

    /// <summary>
    /// Waits for all; the first that fails ends the others, and its failure is the one that is told. When all bytes are hashed nothing is to come any more, and
    /// a connection that hangs is cut off.
    /// </summary>
    private static async Task EndAsync(List<Task> all, Task hashing, CancellationTokenSource ends)
    {
        Exception? first = null;
        await foreach (Task ended in Task.WhenEach(all))
        {
            try
            {
                await ended;
                if (ended == hashing)
                {
                    await ends.CancelAsync();
                }
            }
            catch (Exception exception)
            {
                first ??= hashing.IsCompletedSuccessfully ? null : exception;
                await ends.CancelAsync();
            }
        }
        if (first is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }

    private void KeepNotes()
    {
        try
        {
            _plan.Checkpoint();
        }
        catch (StoreException)
        {
            // The disk that fails here has failed already, and that is told. What is not noted is fetched again.
        }
    }

    private void Commit(BlobDigest found, CancellationToken cancellationToken)
    {
        try
        {
            blob.Commit(found, cancellationToken);
        }
        catch (StoreException exception) when (exception.Kind == StoreErrorKind.DigestMismatch)
        {
            throw new RegistryException($"digest mismatch, file must be downloaded again: {repository.Root.Authority} sent other bytes than those of {blob.Digest}", exception);
        }
    }

    private async Task FetchAsync(bool first, CancellationToken cancellationToken)
    {
        if (!first && !await _sendsPieces.Task.WaitAsync(cancellationToken))
        {
            return;
        }
        while (!_plan.IsComplete)
        {
            if (_plan.Take() is { } part)
            {
                await FetchAsync(part, cancellationToken);
                _plan.Finish(part);
            }
            else
            {
                await Task.Delay(s_look, cancellationToken); // others fetch what is left, and one of them may slow down
            }
        }
        _sendsPieces.TrySetResult(false); // nothing was missing
    }

    private async Task FetchAsync(DownloadPart part, CancellationToken cancellationToken)
    {
        while (part.Next < part.End)
        {
            long before = _plan.Completed;
            try
            {
                await ReadAsync(part, cancellationToken);
            }
            catch (Exception exception) when (RetryRule.IsTransient(exception) && !cancellationToken.IsCancellationRequested)
            {
                part.Failures = _plan.Completed > before ? 1 : part.Failures + 1; // as long as anything comes, the way is worth trying
                if (part.Failures > _options.Retries)
                {
                    throw new RegistryException($"the download of {blob.Digest} from {repository.Root.Authority} has failed {part.Failures} times in a row: {exception.Message}; pull again to go on where it stopped", exception);
                }
                await _retry.WaitAsync(part.Failures, cancellationToken);
            }
        }
    }

    private async Task ReadAsync(DownloadPart part, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(_options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await client.OpenBlobAsync(repository, blob.Digest, part.Next, part.End, guard);
        Accept(response, part);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using Stream content = await response.Content.ReadAsStreamAsync(cancellationToken);
            for (bool more = true; more;)
            {
                int read = await guard.WaitAsync(token => content.ReadAsync(buffer.AsMemory(0, _readBytes), token).AsTask());
                more = read > 0
                    ? _plan.Write(part, buffer.AsSpan(0, read))
                    : throw new TransientRegistryException($"the connection ended {part.End - part.Next} bytes too soon");
                foreach (RateLimit limit in limits)
                {
                    await limit.WaitAsync(read, cancellationToken);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Checks that the answer is what was asked for.</summary>
    /// <exception cref="RegistryException">It is not.</exception>
    private void Accept(HttpResponseMessage response, DownloadPart part)
    {
        string host = response.RequestMessage!.RequestUri!.Authority;
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            if (response.Content.Headers.ContentRange is { From: { } from } range && (from != part.Next || (range.Length ?? blob.Size) != blob.Size))
            {
                throw new RegistryException($"{host} sent the bytes {range} of {blob.Digest} where those from {part.Next} on of {blob.Size} were asked for");
            }
            _sendsPieces.TrySetResult(true);
            return;
        }
        if (response.Content.Headers.ContentLength is { } length && length != blob.Size)
        {
            throw new RegistryException($"{host} has {length} bytes for {blob.Digest}, of which the size is {blob.Size}");
        }
        _sendsPieces.TrySetResult(false);
        if (_sendsPieces.Task.Result)
        {
            throw new TransientRegistryException($"{host} sent the whole of {blob.Digest} where a piece was asked for");
        }
        _plan.TakeAll(part);
    }
}
