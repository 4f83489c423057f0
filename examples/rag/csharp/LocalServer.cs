using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rag;

/// <summary>The server of <c>OLLAMA_HOST</c>.</summary>
internal sealed class LocalServer : IDisposable
{
    /// <summary>Passages in a request.</summary>
    private const int Batch = 64;

    /// <summary>Tokens of an answer: small models may otherwise repeat themselves without end.</summary>
    private const int MostTokens = 200;

    private readonly string _address = ServerAddress.Read();

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The vectors of texts, all of length 1.</summary>
    public async Task<List<float[]>> EmbedAsync(string model, IReadOnlyList<string> texts)
    {
        List<float[]> vectors = [];
        foreach (string[] batch in texts.Chunk(Batch))
        {
            JsonObject body = new() { ["model"] = model, ["input"] = JsonSerializer.SerializeToNode(batch) };
            using HttpResponseMessage answer = await PostAsync("/api/embed", body);
            float[][]? made = Read(await ReceivedAsync(answer.Content.ReadAsStringAsync()), VectorsOf);
            vectors.AddRange(made?.Length == batch.Length ? made : throw Strange());
        }
        return vectors;
    }

    /// <summary>The answer to one message, piece by piece as it is written.</summary>
    public async IAsyncEnumerable<string> AskAsync(string model, string message)
    {
        JsonObject body = new()
        {
            ["model"] = model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = message }),
            ["options"] = new JsonObject { ["temperature"] = 0, ["num_predict"] = MostTokens },
        };
        using HttpResponseMessage answer = await PostAsync("/api/chat", body);
        using StreamReader lines = new(await ReceivedAsync(answer.Content.ReadAsStreamAsync()));
        while (await ReceivedAsync(lines.ReadLineAsync()) is { } line)
        {
            (string? error, string? piece, bool done) = line.Length > 0 ? Read(line, PartOf) : default;
            if (error is not null)
            {
                throw new RagException(error);
            }
            yield return piece ?? "";
            if (done)
            {
                yield break;
            }
        }
        throw Lost(); // an answer that is whole says so
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static float[][]? VectorsOf(string body) => ObjectOf(body)["embeddings"].Deserialize<float[][]>();

    private static (string? Error, string? Piece, bool Done) PartOf(string line)
    {
        JsonObject part = ObjectOf(line);
        return (part["error"]?.ToString(), part["message"]?["content"]?.ToString(), (bool?)part["done"] ?? false);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, JsonObject body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, _address + path) { Content = JsonContent.Create(body) };
        HttpResponseMessage answer = await ReceivedAsync(_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }
        using (answer)
        {
            string? error = ErrorOf(await ReceivedAsync(answer.Content.ReadAsStringAsync()));
            throw new RagException(error ?? $"the server at {_address} answered with status {(int)answer.StatusCode}");
        }
    }

    /// <summary>What the server says went wrong; null where the body is not from the server itself, but from what stands before it.</summary>
    private static string? ErrorOf(string body)
    {
        try
        {
            return (JsonNode.Parse(body) as JsonObject)?["error"]?.ToString();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What is on its way from the server; a connection that fails is told in one sentence.</summary>
    private async Task<T> ReceivedAsync<T>(Task<T> coming)
    {
        try
        {
            return await coming;
        }
        catch (HttpRequestException e) when (e.HttpRequestError
            is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            throw new RagException($"no server at {_address}: start one with 'localllm serve'");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Lost();
        }
    }

    private static JsonObject ObjectOf(string text) => JsonNode.Parse(text) as JsonObject ?? throw new JsonException();

    private T Read<T>(string text, Func<string, T> read)
    {
        try
        {
            return read(text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Strange();
        }
    }

    private RagException Lost() => new($"the connection to {_address} was lost");

    private RagException Strange() => new($"the answer of {_address} is not one that an Ollama server gives");
}
