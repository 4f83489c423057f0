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
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            return ((int)response.StatusCode, Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
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

    /// <summary>The server's own sentence of an error answer.</summary>
    public static CommandLineException ErrorOf(int status, JsonElement answer) => new(
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.String
            ? error.GetString()!
            : $"the server answered with status {status}");

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

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
