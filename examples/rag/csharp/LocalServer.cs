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

    private readonly HttpClient _http = new() { BaseAddress = Address(), Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The vectors of texts, all of length 1.</summary>
    public async Task<List<float[]>> EmbedAsync(string model, IReadOnlyList<string> texts)
    {
        List<float[]> vectors = [];
        foreach (string[] batch in texts.Chunk(Batch))
        {
            JsonObject body = new() { ["model"] = model, ["input"] = JsonSerializer.SerializeToNode(batch) };
            using HttpResponseMessage answer = await PostAsync("/api/embed", body);
            JsonObject fields = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
            vectors.AddRange(fields["embeddings"].Deserialize<float[][]>()!);
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
        using StreamReader lines = new(await answer.Content.ReadAsStreamAsync());
        while (await lines.ReadLineAsync() is { } line)
        {
            JsonNode? part = line.Length > 0 ? JsonNode.Parse(line) : null;
            if ((string?)part?["error"] is { } error)
            {
                throw new RagException(error);
            }
            yield return (string?)part?["message"]?["content"] ?? "";
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static Uri Address()
    {
        string text = Environment.GetEnvironmentVariable("OLLAMA_HOST") is { Length: > 0 } set ? set : "127.0.0.1";
        UriBuilder address = new(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}");
        bool hasPort = text.Split("://")[^1].TrimEnd('/').Split(':') is [.., var port] && int.TryParse(port, out _);
        address.Host = address.Host is "" or "0.0.0.0" ? "127.0.0.1" : address.Host;
        address.Port = hasPort || address.Scheme == "https" ? address.Port : 11434;
        return address.Uri;
    }

    private async Task<HttpResponseMessage> PostAsync(string path, JsonObject body)
    {
        HttpResponseMessage answer;
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (HttpRequestException)
        {
            throw new RagException($"no server at {_http.BaseAddress!.GetLeftPart(UriPartial.Authority)}: start one with 'localllm serve'");
        }
        if (!answer.IsSuccessStatusCode)
        {
            using (answer)
            {
                JsonObject? fields = await answer.Content.ReadFromJsonAsync<JsonObject>();
                throw new RagException((string?)fields?["error"] ?? $"the server answered with status {(int)answer.StatusCode}");
            }
        }
        return answer;
    }
}
