using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Peers.Embeddings;

/// <summary><c>localllm serve</c> over the loopback interface: a request lasts until the last byte of its answer, on connections that stay open.</summary>
internal sealed class ServerSide : IEmbedSide
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly ServerProcess _server;
    private readonly HttpClient _client;
    private readonly string _description;
    private string[] _texts = [];
    private EmbedLoad _load = EmbedLoad.Together;
    private IReadOnlyList<byte[]> _requests = [];

    /// <summary>Starts a server.</summary>
    /// <param name="model">The file to serve.</param>
    /// <param name="options">SIMD level and threads.</param>
    public ServerSide(string model, EmbedOptions options)
    {
        KeyValuePair<string, string> threads = new("LOCALLLM_THREADS", options.Threads.ToString(CultureInfo.InvariantCulture));
        _server = ServerProcess.StartAsync(model, options.Simd, [threads], CancellationToken.None).GetAwaiter().GetResult();
        _client = new HttpClient { BaseAddress = _server.Address, Timeout = TimeSpan.FromMinutes(5) };
        _description = $"localllm serve, POST /api/embed: simd {options.Simd}, threads {options.Threads}";
    }

    /// <inheritdoc/>
    public double CpuSeconds => ProcessTree.TreeCpuSeconds(_server.Id);

    /// <inheritdoc/>
    public (string Description, int Tokens) Prepare(string[] texts, EmbedLoad load)
    {
        (_texts, _load) = (texts, load);
        _requests = [.. load.Requests(texts).Select(Body)];
        return (_description, JsonNode.Parse(PostAsync(Body(texts)).GetAwaiter().GetResult())!["prompt_eval_count"]!.GetValue<int>());
    }

    /// <inheritdoc/>
    public double Run()
    {
        long start = Stopwatch.GetTimestamp();
        _load.SendAsync(_requests, PostAsync).GetAwaiter().GetResult();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <inheritdoc/>
    public float[][] Vectors(int count) =>
        JsonNode.Parse(PostAsync(Body(_texts[..count])).GetAwaiter().GetResult())!["embeddings"].Deserialize<float[][]>()!;

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _server.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static byte[] Body(string[] texts) => JsonSerializer.SerializeToUtf8Bytes(new { model = ServerProcess.ModelName, input = texts });

    private async Task<byte[]> PostAsync(byte[] body)
    {
        try
        {
            using ByteArrayContent content = new(body) { Headers = { ContentType = Json } };
            using HttpResponseMessage response = await _client.PostAsync(new Uri("/api/embed", UriKind.Relative), content);
            byte[] answer = await response.Content.ReadAsByteArrayAsync();
            return response.IsSuccessStatusCode
                ? answer
                : throw new InvalidOperationException($"The server answered {(int)response.StatusCode}: {Encoding.UTF8.GetString(answer)}");
        }
        catch (HttpRequestException e)
        {
            throw new InvalidOperationException($"The server did not answer ({e.Message}); it said last: {_server.Log()}", e);
        }
    }
}
