using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Http;
using LocalLlm.Server.Residency;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests;

/// <summary>
/// A real server on a free loopback port. It offers <c>talker</c> (with default options) and <c>embedder</c>, whose files are real and whose
/// answers are scripted.
/// </summary>
internal sealed class ServerUnderTest : IAsyncDisposable
{
    public const string DefaultsOfTalker = """{"temperature":0.25,"top_p":0.75,"stop":["<end>","\n\n"]}""";

    private readonly LocalLlmServer _server;

    private ServerUnderTest(LocalLlmServer server)
    {
        _server = server;
        Port = server.Addresses[0].Port;
        // A test may run longer than any default on a busy machine.
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = server.Addresses[0], Timeout = Timeout.InfiniteTimeSpan };
    }

    public HttpClient Client { get; }

    public int Port { get; }

    public static Task<ServerUnderTest> StartAsync(ITextEngine engine, Func<ServerOptions, ServerOptions>? configure = null) =>
        StartAsync((_, _, _) => Task.FromResult(engine), configure);

    public static async Task<ServerUnderTest> StartAsync(
        EngineFactory load, Func<ServerOptions, ServerOptions>? configure = null, TimeProvider? time = null)
    {
        ServerOptions options = new()
        {
            Port = 0,
            Log = false,
            AvailableMemory = () => 64L << 30,
            Models =
            [
                new ServedModel
                {
                    Names = ["talker", "talker:small"],
                    Path = RepoPaths.Vector("models", "qwen3-q8_0.gguf"),
                    Defaults = JsonDocument.Parse(DefaultsOfTalker).RootElement,
                    Sha256 = new string('a', 64),
                    Licence = "Apache-2.0",
                },
                new ServedModel { Names = ["me/embedder:v1"], Path = RepoPaths.Vector("models", "qwen3-embedding.gguf") },
                new ServedModel { Names = ["gone"], Path = Path.Combine(Path.GetTempPath(), "no-such-model.gguf") },
            ],
        };
        LocalLlmServer server = LocalLlmServer.Build(configure?.Invoke(options) ?? options, load, time);
        await server.StartAsync();
        return new ServerUnderTest(server);
    }

    /// <summary>Posts text the way <c>curl -d</c> does.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json, string contentType = "application/x-www-form-urlencoded") =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, contentType));

    /// <summary>Posts and gives status and text of the answer.</summary>
    public async Task<(HttpStatusCode Status, string Text)> AskAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Posts and gives the JSON of an answer with status 200.</summary>
    public async Task<JsonElement> AskJsonAsync(string path, string json)
    {
        (HttpStatusCode status, string text) = await AskAsync(path, json);
        Assert.True(status == HttpStatusCode.OK, $"{(int)status}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Posts and gives the error text of the native API with its status.</summary>
    public async Task<(int Status, string Error)> AskErrorAsync(string path, string json)
    {
        (HttpStatusCode status, string text) = await AskAsync(path, json);
        JsonElement error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        return ((int)status, error.ValueKind == JsonValueKind.String ? error.GetString()! : error.GetProperty("message").GetString()!);
    }

    /// <summary>Sends bytes over a socket, closes nothing, and reads until the server closes.</summary>
    public async Task<string> SendRawAsync(string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(request));
        using StreamReader reader = new(client.GetStream());
        return await reader.ReadToEndAsync();
    }

    /// <summary>Completes when nobody has used the server for its idle time.</summary>
    public Task Idle => _server.Idle;

    /// <summary>Tells the server to end, as the first signal does; the token stands for the second.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _server.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }
}
