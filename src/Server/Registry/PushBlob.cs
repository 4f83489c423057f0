namespace LocalLlm.Server.Registry;

/// <summary>Sends one blob to a registry, unless the registry has it. Where a connection breaks, sending goes on with the byte that the registry is at.</summary>
/// <param name="client">Speaks to the registry.</param>
/// <param name="repository">Where the blob goes.</param>
/// <param name="source">The blob.</param>
/// <param name="mount">A repository of the same registry that may have the blob; null for none.</param>
internal sealed class PushBlob(RegistryClient client, RegistryRepository repository, PushSource source, string? mount)
{
    private readonly RetryRule _retry = new(client.Options);
    private PushSession? _session;
    // Bytes that the registry has said it has, of the present attempt and of the furthest one.
    private long _received;
    private long _furthest;
    private bool _takesPieces = true;

    /// <summary>Sends it.</summary>
    /// <exception cref="RegistryException">The registry refuses, or cannot be reached for too long.</exception>
    /// <exception cref="Store.StoreException">The blob cannot be read.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        bool there = await _retry.RunAsync(() => client.HasBlobAsync(repository, source.Digest, cancellationToken), cancellationToken)
            || await _retry.RunAsync(() => OpenAsync(mount, cancellationToken), cancellationToken) is null;
        bool certain = true; // what the registry has
        for (int failures = 0; !there;)
        {
            try
            {
                there = !certain && await FindOutAsync(cancellationToken);
                certain = true;
                if (!there)
                {
                    await GoOnAsync(cancellationToken);
                    there = true;
                }
            }
            catch (TransientRegistryException exception)
            {
                certain = false;
                failures = _received > _furthest ? 1 : failures + 1;
                _furthest = Math.Max(_furthest, _received);
                source.Position = _received;
                if (failures > client.Options.Retries)
                {
                    throw new RegistryException(
                        $"the upload of {source.Digest} to {repository.Root.Authority} has failed {failures} times in a row: {exception.Message}; push again to send what the registry does not have yet",
                        exception);
                }
                await _retry.WaitAsync(failures, cancellationToken);
            }
        }
        source.Arrived();
    }

    private async Task<PushSession?> OpenAsync(string? from, CancellationToken cancellationToken)
    {
        _received = 0;
        return _session = await PushSession.OpenAsync(client, repository, source, from, cancellationToken);
    }

    /// <summary>Sends what is missing, and ends the upload.</summary>
    private async Task GoOnAsync(CancellationToken cancellationToken)
    {
        PushSession session = _session ?? (await OpenAsync(null, cancellationToken))!;
        while (_takesPieces && _received < source.Size)
        {
            long part = Math.Max(client.Options.UploadPartBytes, session.LeastPart);
            if (await session.AppendAsync(source, _received, Math.Min(_received + part, source.Size), cancellationToken) is { } received)
            {
                _received = received;
            }
            else
            {
                _takesPieces = false;
                session = (await OpenAsync(null, cancellationToken))!;
            }
        }
        await session.FinishAsync(source, whole: !_takesPieces, cancellationToken);
    }

    /// <summary>Finds out after a failure how far the registry is.</summary>
    /// <returns>Whether it has all of it: the answer that never came was the last one.</returns>
    /// <exception cref="TransientRegistryException">It cannot be reached.</exception>
    private async Task<bool> FindOutAsync(CancellationToken cancellationToken)
    {
        if ((_received == source.Size || !_takesPieces) && await client.HasBlobAsync(repository, source.Digest, cancellationToken))
        {
            return true;
        }
        if (_session is not null && _takesPieces && await _session.AskAsync(cancellationToken) is { } received && received <= source.Size)
        {
            _received = received;
            return false;
        }
        _session = null; // Some registries forget an upload as soon as a piece of it breaks off: it begins anew.
        _received = 0;
        return false;
    }
}
