using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace LocalLlm.Server.Registry;

/// <summary>
/// An upload of one blob at a registry: begun by POST, filled by PATCH from the first byte to the last, ended by PUT with the digest. Every answer says where
/// the next request goes; that can be another host, which gets no token.
/// </summary>
/// <param name="client">Speaks to the registry.</param>
/// <param name="repository">Where the blob goes.</param>
/// <param name="location">Where the first answer said to go on.</param>
/// <param name="leastPart">Least bytes of a piece that is not the last one; the registry's wish.</param>
internal sealed class PushSession(RegistryClient client, RegistryRepository repository, Uri location, long leastPart)
{
    /// <summary>A registry may read a blob again before it says that the upload is complete; slower than this no disk is.</summary>
    private const double SlowestRead = 10e6; // bytes a second

    /// <summary>Bodies from here on are only sent once the registry has said that it wants them.</summary>
    private const int LargeBody = 1 << 20;

    private Uri _location = location;

    /// <summary>Least bytes of a piece that is not the last one.</summary>
    public long LeastPart => leastPart;

    /// <summary>Begins an upload.</summary>
    /// <param name="client">Speaks to the registry.</param>
    /// <param name="repository">Where the blob goes.</param>
    /// <param name="source">The blob.</param>
    /// <param name="mount">A repository of the same registry that may have the blob, so that it need not be sent; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null if the blob has been taken from that repository.</returns>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public static async Task<PushSession?> OpenAsync(RegistryClient client, RegistryRepository repository, PushSource source, string? mount, CancellationToken cancellationToken)
    {
        Uri address = mount is null
            ? repository.Uploads
            : new Uri($"{repository.Uploads}?mount={Uri.EscapeDataString(source.Digest.ToString())}&from={Uri.EscapeDataString(mount)}");
        using SilenceGuard guard = new(client.Options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await guard.WaitAsync(token => client.SendAsync(repository, address, HttpMethod.Post, request => request.Content = new ByteArrayContent([]), token));
        if (mount is not null && response.StatusCode == HttpStatusCode.Created)
        {
            return null;
        }
        if (mount is not null && response.StatusCode != HttpStatusCode.Accepted)
        {
            return await OpenAsync(client, repository, source, null, cancellationToken); // whatever is wrong with the other repository
        }
        await RegistryClient.RequireAsync(response, repository, guard, HttpStatusCode.Accepted);
        long leastPart = response.Headers.TryGetValues("OCI-Chunk-Min-Length", out IEnumerable<string>? values)
            && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out long least) ? least : 0;
        return new PushSession(client, repository, NextOf(response) ?? throw NoLocation(repository), leastPart);
    }

    /// <summary>Sends the next piece.</summary>
    /// <param name="source">The blob.</param>
    /// <param name="from">The first byte: what the registry has so far.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many bytes of the blob the registry has now; null if it takes no pieces, and the upload is to begin anew with the whole.</returns>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public async Task<long?> AppendAsync(PushSource source, long from, long end, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(client.Options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await SendAsync(HttpMethod.Patch, _location, source, from, end, guard);
        if (from == 0 && (int)response.StatusCode is 400 or 405 or 411 or 415 or 501)
        {
            return null;
        }
        if (response.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable or HttpStatusCode.NotFound)
        {
            throw new TransientRegistryException($"{repository.Root.Authority} does not go on with an upload at byte {from} (status {(int)response.StatusCode})");
        }
        await RegistryClient.RequireAsync(response, repository, guard, HttpStatusCode.Accepted, HttpStatusCode.NoContent, HttpStatusCode.Created, HttpStatusCode.OK);
        _location = NextOf(response) ?? _location;
        return ReceivedOf(response) is { } received && received > from && received <= end ? received : end;
    }

    /// <summary>Asks how much the registry has, after an answer that never came.</summary>
    /// <returns>Bytes of the blob from the first on; null if the registry does not know the upload any more, or does not say for certain.</returns>
    /// <exception cref="TransientRegistryException">The registry cannot be reached.</exception>
    public async Task<long?> AskAsync(CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(client.Options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await guard.WaitAsync(token => client.SendAsync(repository, _location, HttpMethod.Get, _ => { }, token));
        if (RetryRule.IsTransient(response.StatusCode))
        {
            throw new TransientRegistryException($"{repository.Root.Authority} does not say how far an upload is (status {(int)response.StatusCode})");
        }
        if (!response.IsSuccessStatusCode)
        {
            return null;
        }
        _location = NextOf(response) ?? _location;
        return ReceivedOf(response);
    }

    /// <summary>Ends the upload.</summary>
    /// <param name="source">The blob.</param>
    /// <param name="whole">Whether all bytes come with this request, since the registry takes no pieces.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public async Task FinishAsync(PushSource source, bool whole, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(client.Options.StallTimeout + TimeSpan.FromSeconds(source.Size / SlowestRead), cancellationToken);
        UriBuilder address = new(_location);
        address.Query = $"{(address.Query.Length > 1 ? $"{address.Query[1..]}&" : "")}digest={Uri.EscapeDataString(source.Digest.ToString())}";
        using HttpResponseMessage response = await SendAsync(HttpMethod.Put, address.Uri, source, whole ? 0 : source.Size, source.Size, guard);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new TransientRegistryException($"{repository.Root.Authority} does not know an upload any more that it had begun (status 404)");
        }
        try
        {
            await RegistryClient.RequireAsync(response, repository, guard, HttpStatusCode.Created, HttpStatusCode.NoContent, HttpStatusCode.Accepted, HttpStatusCode.OK);
        }
        catch (RegistryException exception) when (response.StatusCode == HttpStatusCode.BadRequest)
        {
            throw new RegistryException(
                $"{repository.Root.Authority} does not take what it got for {source.Digest} ({exception.Message}): 'localllm doctor --store' tells whether the blob here is what its name says", exception);
        }
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, PushSource source, long from, long end, SilenceGuard guard) => guard.WaitAsync(token => client.SendAsync(
        repository,
        address,
        method,
        request =>
        {
            request.Content = source.Piece(from, end, guard);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            if (method == HttpMethod.Patch)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Range", string.Create(CultureInfo.InvariantCulture, $"{from}-{end - 1}"));
            }
            request.Headers.ExpectContinue = end - from >= LargeBody ? true : null;
        },
        token));

    private static Uri? NextOf(HttpResponseMessage response) => response.Headers.Location is { } next ? RegistryClient.Follow(response, next) : null;

    private static RegistryException NoLocation(RegistryRepository repository) => new($"{repository.Root.Authority} begins an upload without saying where it goes on");

    /// <summary>Reads <c>Range: 0-LAST</c>. <c>0-0</c> stands for one byte and, with many registries, for none: nobody knows.</summary>
    private static long? ReceivedOf(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Range", out IEnumerable<string>? values))
        {
            return null;
        }
        string range = values.First();
        return long.TryParse(range[(range.IndexOf('-', StringComparison.Ordinal) + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long last) && last is > 0 and < long.MaxValue
            ? last + 1
            : null;
    }
}
