using System.Net;
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
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = !root.IsLoopback }) { BaseAddress = root, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Where the server is asked.</summary>
    public string Address { get; }

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

    /// <summary>Posts a request that is answered with a stream of JSON lines, and hands on each of them.</summary>
    /// <exception cref="CommandLineException">Nobody listens there, the server refuses (its status stands before the sentence, as in Ollama), or a line is an error.</exception>
    public async Task FollowAsync(string path, string body, Action<JsonElement> take, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            CommandLineException error = ErrorOf((int)response.StatusCode, Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
            throw new CommandLineException($"{(int)response.StatusCode} {response.ReasonPhrase}: {error.Message}");
        }
        try
        {
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                JsonElement item = Parse(line);
                if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("error", out _))
                {
                    throw ErrorOf((int)response.StatusCode, item);
                }
                take(item);
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new CommandLineException($"the server at {Address} ended in the middle of its answer: {exception.Message}");
        }
    }

    /// <summary>The server's own sentence of an error answer.</summary>
    public static CommandLineException ErrorOf(int status, JsonElement answer) => new(
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.String
            ? error.GetString()!
            : $"the server answered with status {status}");

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Sends a request.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption until, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, until, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
        {
            // Scripts look for the first half, word for word.
            throw new CommandLineException(
                $"could not connect to ollama server, run 'ollama serve' to start it ('localllm serve' is the same; OLLAMA_HOST gives {Address})");
        }
        catch (HttpRequestException exception)
        {
            throw new CommandLineException($"the server at {Address} did not answer properly: {exception.Message}");
        }
    }

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
