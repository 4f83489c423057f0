using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary>Asks the server of <c>OLLAMA_HOST</c>.</summary>
internal sealed class ServerClient : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>A client of the address that the environment names.</summary>
    /// <exception cref="CommandLineException">It is none.</exception>
    public ServerClient(CliHost host)
    {
        OllamaHost address = OllamaEnvironment.Read(host.Variable).Host;
        // A server that listens everywhere is asked on this machine.
        address = address.Host.Length == 0 ? address with { Host = "127.0.0.1" } : address;
        Address = address.ToString();
        if (!Uri.TryCreate($"{Address.TrimEnd('/')}/", UriKind.Absolute, out Uri? root) || (root.Scheme != Uri.UriSchemeHttp && root.Scheme != Uri.UriSchemeHttps))
        {
            throw new CommandLineException($"OLLAMA_HOST gives {Address}, which is no address of a server: write [http://]host[:port]");
        }
        IsLoopback = root.IsLoopback;
        Port = root.Port;
        CanBeStartedHere = IsLoopback && root.Scheme == Uri.UriSchemeHttp && root.AbsolutePath == "/";
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = !root.IsLoopback }) { BaseAddress = root, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Where the server is asked.</summary>
    public string Address { get; }

    /// <summary>The port of that address.</summary>
    public int Port { get; }

    /// <summary>Whether that is this machine.</summary>
    public bool IsLoopback { get; }

    /// <summary>Whether a server of this program could listen there: on this machine, without a proxy's path or encryption.</summary>
    public bool CanBeStartedHere { get; }

    /// <summary>A client of a server that runs: one is started if it may be (<see cref="ServerStart"/>).</summary>
    /// <exception cref="CommandLineException">None runs, and none may be or could be started.</exception>
    public static async Task<ServerClient> ConnectOrStartAsync(CliHost host, CancellationToken cancellationToken)
    {
        ServerClient server = new(host);
        try
        {
            await new ServerStart(host, server).EnsureAsync(cancellationToken);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Whether anybody answers there.</summary>
    public async Task<bool> IsRunningAsync(CancellationToken cancellationToken)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Head, "");
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            return response.StatusCode != HttpStatusCode.ServiceUnavailable; // one that is about to end
        }
        catch (Exception exception) when (IsOfTheLine(exception))
        {
            return false;
        }
    }

    /// <summary>The error of a command that needs a server where there is none.</summary>
    public CommandLineException NotRunning() =>
        // Scripts look for the first half, word for word.
        new($"could not connect to ollama server, run 'ollama serve' to start it ('localllm serve' is the same; OLLAMA_HOST gives {Address})");

    /// <summary>Sends a request and reads the answer's JSON.</summary>
    /// <param name="method">GET, POST or DELETE.</param>
    /// <param name="path">Without a slash at its start.</param>
    /// <param name="body">JSON to send; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Status and answer; the answer is a JSON null where there is no JSON.</returns>
    /// <exception cref="CommandLineException">Nobody listens there, or the answer breaks off.</exception>
    public async Task<(int Status, JsonElement Answer)> AskAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return ((int)response.StatusCode, Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
    }

    /// <summary>Whether the server has a blob.</summary>
    /// <exception cref="CommandLineException">Nobody listens there, or the server fails.</exception>
    public async Task<bool> HasBlobAsync(string digest, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Head, $"api/blobs/{digest}");
        using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => true,
            HttpStatusCode.NotFound => false,
            HttpStatusCode status => throw ErrorOf((int)status, Parse("null")),
        };
    }

    /// <summary>Brings a blob, read from a stream as it is sent.</summary>
    /// <exception cref="CommandLineException">Nobody listens there, or the server refuses the blob.</exception>
    public async Task SendBlobAsync(string digest, Stream content, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, $"api/blobs/{digest}") { Content = new StreamContent(content, 1 << 20) };
        using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw ErrorOf((int)response.StatusCode, Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
        }
    }

    /// <summary>Sends a request whose answer comes line by line (NDJSON), and gives each line as it comes.</summary>
    /// <param name="path">Without a slash at its start.</param>
    /// <param name="body">JSON to send.</param>
    /// <param name="cancellationToken">Gives up, which the server notices.</param>
    /// <exception cref="ServerErrorException">The server refused the request, or a line tells of an error.</exception>
    /// <exception cref="CommandLineException">Nobody listens there, or the answer breaks off.</exception>
    public async IAsyncEnumerable<JsonElement> StreamAsync(string path, string body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            ServerErrorException error = ErrorOf((int)response.StatusCode, Parse(await lines.ReadToEndAsync(cancellationToken)));
            throw new ServerErrorException(error.Status, $"{(int)response.StatusCode} {response.ReasonPhrase}: {error.Message}");
        }
        while (await ReadLineAsync(lines, cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                continue;
            }
            JsonElement item = Parse(line);
            if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("error", out _))
            {
                throw ErrorOf((int)response.StatusCode, item);
            }
            yield return item;
        }
    }

    /// <summary>The same, each line handed on.</summary>
    /// <inheritdoc cref="StreamAsync"/>
    public async Task FollowAsync(string path, string body, Action<JsonElement> take, CancellationToken cancellationToken)
    {
        await foreach (JsonElement item in StreamAsync(path, body, cancellationToken))
        {
            take(item);
        }
    }

    /// <summary>The server's own sentence of an error answer.</summary>
    public static ServerErrorException ErrorOf(int status, JsonElement answer) => new(
        status,
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.String
            ? error.GetString()!
            : $"the server answered with status {status}");

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption until, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, until, cancellationToken);
        }
        catch (Exception exception) when (IsOfTheLine(exception))
        {
            throw Told(exception);
        }
    }

    private async Task<string?> ReadLineAsync(StreamReader lines, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadLineAsync(cancellationToken);
        }
        catch (Exception exception) when (IsOfTheLine(exception) && !cancellationToken.IsCancellationRequested)
        {
            throw Told(exception);
        }
    }

    /// <summary>Whether it was the connection that failed.</summary>
    private static bool IsOfTheLine(Exception exception) => exception is HttpRequestException or IOException or SocketException;

    /// <summary>What is told of a request that brought no answer.</summary>
    private CommandLineException Told(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError }
            ? NotRunning()
            : new CommandLineException($"the server at {Address} did not answer properly: {exception.Message}");

    private static JsonElement Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException)
        {
            return JsonDocument.Parse("null").RootElement;
        }
    }
}
