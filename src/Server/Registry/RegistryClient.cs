using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>
/// Speaks to registries: Ollama's, Hugging Face's, and any other of the Docker Registry HTTP API, version 2. Redirects are followed here and not by
/// <see cref="HttpClient"/>, so that a token never reaches another host than the one that it is for. Safe to use from many threads.
/// </summary>
internal sealed class RegistryClient : IDisposable
{
    private const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    private const int MaxManifestBytes = 16 << 20;
    private const int MaxErrorBytes = 4096;
    private const int MaxRedirects = 10;

    private readonly HttpClient _http;
    private readonly RegistryTokens _tokens;

    /// <summary>A client; it opens connections when they are needed.</summary>
    public RegistryClient(RegistryOptions options)
    {
        Options = options;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = new EnvironmentProxy(),
            ConnectTimeout = options.StallTimeout,
            // What another connection has taken over is not to come twice.
            MaxResponseDrainSize = 64 << 10,
            // Registries move; a connection that is kept for ever would not follow them.
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", UserAgent);
        _tokens = new RegistryTokens(_http, options);
    }

    /// <summary>How it fetches.</summary>
    public RegistryOptions Options { get; }

    /// <summary>Some registries give out models only to programs that say that they are Ollama.</summary>
    private static string UserAgent
    {
        get
        {
            string processor = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => "amd64", Architecture other => other.ToString().ToLowerInvariant() };
            string system = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
            return $"ollama/{LocalLlmServer.OllamaVersion} ({processor} {system}) LocalLlm/{LocalLlmServer.Version}";
        }
    }

    /// <summary>Fetches a model's manifest.</summary>
    /// <returns>Its bytes, as the registry has them.</returns>
    /// <exception cref="RegistryException">There is none (<see cref="RegistryException.IsNotFound"/>), or the registry refuses or cannot be reached.</exception>
    public async Task<byte[]> GetManifestAsync(RegistryRepository repository, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(Options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await guard.WaitAsync(token => SendAsync(
            repository, repository.Manifest, HttpMethod.Get, request => request.Headers.TryAddWithoutValidation("Accept", $"{MediaTypes.Manifest}, {OciManifest}"), token));
        await RequireAsync(response, repository, guard, HttpStatusCode.OK);
        return await guard.WaitAsync(token => ReadAsync(response, MaxManifestBytes, token));
    }

    /// <summary>Asks for the size of a blob.</summary>
    /// <returns>Bytes; null if the registry does not say.</returns>
    /// <exception cref="RegistryException">It has no such blob, or cannot be reached.</exception>
    public async Task<long?> GetBlobSizeAsync(RegistryRepository repository, BlobDigest digest, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(Options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await guard.WaitAsync(token => SendAsync(repository, repository.Blob(digest.ToString()), HttpMethod.Head, _ => { }, token));
        if (response.IsSuccessStatusCode)
        {
            return response.Content.Headers.ContentLength;
        }
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized || RetryRule.IsTransient(response.StatusCode))
        {
            await RequireAsync(response, repository, guard, HttpStatusCode.OK);
        }
        return null; // Stores behind registries sign addresses for GET alone.
    }

    /// <summary>Asks whether a blob is there.</summary>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public async Task<bool> HasBlobAsync(RegistryRepository repository, BlobDigest digest, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(Options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await guard.WaitAsync(token => SendAsync(repository, repository.Blob(digest.ToString()), HttpMethod.Head, _ => { }, token));
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden || RetryRule.IsTransient(response.StatusCode))
        {
            await RequireAsync(response, repository, guard, HttpStatusCode.OK);
        }
        return response.IsSuccessStatusCode;
    }

    /// <summary>Gives a model its manifest, once all its blobs are there.</summary>
    /// <param name="repository">Where; its name's tag is the manifest's.</param>
    /// <param name="manifest">The bytes; the registry keeps them as they are.</param>
    /// <param name="mediaType">What the manifest says of its own form.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public async Task PutManifestAsync(RegistryRepository repository, ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(Options.StallTimeout, cancellationToken);
        using HttpResponseMessage response = await guard.WaitAsync(token => SendAsync(
            repository,
            repository.Manifest,
            HttpMethod.Put,
            request =>
            {
                request.Content = new ReadOnlyMemoryContent(manifest);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
            },
            token));
        await RequireAsync(response, repository, guard, HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.Accepted, HttpStatusCode.NoContent);
    }

    /// <summary>Asks for a piece of a blob.</summary>
    /// <param name="repository">Where.</param>
    /// <param name="digest">Which blob.</param>
    /// <param name="from">The first byte.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="guard">Watches for silence.</param>
    /// <returns>An answer with status 206, or 200 with the whole blob; its content is still to be read.</returns>
    /// <exception cref="RegistryException">It has no such blob, or cannot be reached.</exception>
    public async Task<HttpResponseMessage> OpenBlobAsync(RegistryRepository repository, BlobDigest digest, long from, long end, SilenceGuard guard)
    {
        HttpResponseMessage response = await guard.WaitAsync(token => SendAsync(
            repository, repository.Blob(digest.ToString()), HttpMethod.Get, request => request.Headers.Range = new RangeHeaderValue(from, end - 1), token));
        try
        {
            await RequireAsync(response, repository, guard, HttpStatusCode.OK, HttpStatusCode.PartialContent);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _tokens.Dispose();
    }

    /// <summary>Sends a request up to the headers of its answer; what stands in its way below HTTP becomes a sentence.</summary>
    /// <exception cref="RegistryException">Nobody answers.</exception>
    internal static async Task<HttpResponseMessage> ReachAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            string advice = exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } ? " If it speaks plain HTTP, use --insecure (\"insecure\": true)." : "";
            string sentence = $"{request.RequestUri!.Authority} cannot be reached: {exception.InnerException?.Message ?? exception.Message}{advice}";
            throw RetryRule.IsTransient(exception) ? new TransientRegistryException(sentence, exception) : new RegistryException(sentence, exception);
        }
    }

    /// <summary>Reads a short answer.</summary>
    /// <exception cref="RegistryException">It is longer than that, or breaks off.</exception>
    internal static async Task<byte[]> ReadAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            using MemoryStream body = new();
            await using Stream content = await response.Content.ReadAsStreamAsync(cancellationToken);
            byte[] buffer = new byte[16 << 10];
            while (await content.ReadAsync(buffer, cancellationToken) is int read and > 0)
            {
                body.Write(buffer, 0, read);
                if (body.Length > maxBytes)
                {
                    throw new RegistryException($"{response.RequestMessage!.RequestUri!.Authority} sent more than {maxBytes} bytes where a short answer was due");
                }
            }
            return body.ToArray();
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new TransientRegistryException($"the answer of {response.RequestMessage!.RequestUri!.Authority} broke off: {exception.Message}", exception);
        }
    }

    /// <summary>Sends a request: follows redirects, and gets a token or a new one if it is needed, once.</summary>
    /// <param name="repository">What it concerns.</param>
    /// <param name="address">Where to.</param>
    /// <param name="method">The method, also after a redirect.</param>
    /// <param name="configure">Gives a request its headers and content, anew for each time that it is sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<HttpResponseMessage> SendAsync(
        RegistryRepository repository, Uri address, HttpMethod method, Action<HttpRequestMessage> configure, CancellationToken cancellationToken)
    {
        bool renewed = false;
        for (int redirects = 0; ;)
        {
            using HttpRequestMessage request = new(method, address);
            configure(request);
            AuthenticationHeaderValue? sent = repository.Owns(address) ? _tokens.Of(repository) : null;
            request.Headers.Authorization = sent;
            HttpResponseMessage response = await ReachAsync(_http, request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized && !renewed && repository.Owns(address))
            {
                using (response)
                {
                    await _tokens.RenewAsync(repository, sent, response, cancellationToken);
                }
                renewed = true;
            }
            else if (TargetOf(response) is { } target)
            {
                response.Dispose();
                address = ++redirects <= MaxRedirects ? target : throw new RegistryException($"{address.Authority} redirects without end");
            }
            else
            {
                return response;
            }
        }
    }

    /// <summary>Where an answer leads; null if it is no redirect.</summary>
    /// <exception cref="RegistryException">From a safe address to an unsafe one, or to none.</exception>
    private static Uri? TargetOf(HttpResponseMessage response)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
        {
            return null;
        }
        return Follow(response, location);
    }

    /// <summary>The address that an answer gives for the next request.</summary>
    /// <exception cref="RegistryException">It leads from a safe address to an unsafe one.</exception>
    internal static Uri Follow(HttpResponseMessage response, Uri location)
    {
        Uri from = response.RequestMessage!.RequestUri!;
        Uri target = new(from, location);
        bool safe = target.Scheme == Uri.UriSchemeHttps || (target.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp);
        return safe ? target : throw new RegistryException($"{from.Authority} redirects to {target.Scheme}://{target.Authority}, which is less safe than https");
    }

    /// <summary>Has an answer that is not one of those wanted become a sentence.</summary>
    internal static async Task RequireAsync(HttpResponseMessage response, RegistryRepository repository, SilenceGuard guard, params HttpStatusCode[] accepted)
    {
        if (accepted.Contains(response.StatusCode))
        {
            return;
        }
        int status = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new RegistryException("file does not exist") { IsNotFound = true, Status = status };
        }
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            string whom = repository.Login is { } login ? $"the login of '{login.Username}'" : "access without a login";
            throw new RegistryException($"{repository.Root.Authority} refuses {whom} (status 401)") { Status = status };
        }
        string body = await BeginningAsync(response, guard);
        if (response.StatusCode == HttpStatusCode.InsufficientStorage || body.Contains("no space left on device", StringComparison.OrdinalIgnoreCase))
        {
            throw new RegistryException($"the disk of the registry {repository.Root.Authority} is full ({status}: {body}): make room there and try again") { Status = status };
        }
        if (RetryRule.IsTransient(response.StatusCode))
        {
            throw new TransientRegistryException($"{status}: {body}");
        }
        throw new RegistryException($"{status}: {body}") { Status = status };
    }

    /// <summary>What the registry says of an error, in one line.</summary>
    private static async Task<string> BeginningAsync(HttpResponseMessage response, SilenceGuard guard)
    {
        byte[] buffer = new byte[MaxErrorBytes];
        int length = 0;
        try
        {
            await using Stream content = await response.Content.ReadAsStreamAsync();
            length = await guard.WaitAsync(token => content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, token).AsTask());
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or RegistryException)
        {
            // The status must do.
        }
        return RegistryErrorText.Of(Encoding.UTF8.GetString(buffer, 0, length)) is { Length: > 0 } text ? text : response.ReasonPhrase ?? "no reason given";
    }
}
