using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine;

namespace LocalLlm.Server.Cli.Session;

/// <summary>A model of a server, asked over HTTP.</summary>
internal sealed class ServerBackend : IChatBackend
{
    private const long NanosecondsPerTick = 100;

    private readonly CliHost _host;
    private readonly ServerClient _server;
    private readonly bool _owns;

    private ServerBackend(CliHost host, ServerClient server, string model, ModelCard card, bool owns) =>
        (_host, _server, Model, Card, _owns) = (host, server, model, card, owns);

    /// <inheritdoc/>
    public string Model { get; }

    /// <inheritdoc/>
    public ModelCard Card { get; }

    /// <summary>A model of a server; one that it does not have is fetched first.</summary>
    /// <param name="host">Sees the progress.</param>
    /// <param name="server">The server, which the backend disposes at its end.</param>
    /// <param name="model">Its name.</param>
    /// <param name="insecure">Whether it may be fetched over plain HTTP.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandLineException">There is no such model.</exception>
    public static async Task<ServerBackend> OpenAsync(CliHost host, ServerClient server, string model, bool insecure, CancellationToken cancellationToken)
    {
        try
        {
            return new ServerBackend(host, server, model, await ShowAsync(server, model, cancellationToken), owns: true);
        }
        catch (ServerErrorException missing) when (missing.Status == StatusCodes.Status404NotFound)
        {
            await new MissingModel(host, server).FetchAsync(model, insecure, missing, cancellationToken);
            return new ServerBackend(host, server, model, await ShowAsync(server, model, cancellationToken), owns: true);
        }
    }

    /// <inheritdoc/>
    public bool Can(string capability) => Card.Can(capability);

    /// <inheritdoc/>
    public async Task LoadAsync(ChatQuestion question, CancellationToken cancellationToken)
    {
        await ReviveAsync(cancellationToken);
        (int status, JsonElement answer) = await _server.AskAsync(HttpMethod.Post, "api/generate", Body(question).ToJsonString(), cancellationToken);
        if (status != StatusCodes.Status200OK)
        {
            throw ServerClient.ErrorOf(status, answer);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<AnswerPart> AskAsync(ChatQuestion question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ReviveAsync(cancellationToken);
        JsonObject body = Body(question);
        if (question.IsSingle)
        {
            SessionMessage last = question.Messages[^1];
            body["prompt"] = last.Content;
            if (question.Messages is [{ Role: "system" } system, ..])
            {
                body["system"] = system.Content;
            }
            AddImages(body, last);
        }
        else
        {
            body["messages"] = new JsonArray([.. question.Messages.Select(NodeOf)]);
        }
        await foreach (JsonElement item in _server.StreamAsync(question.IsSingle ? "api/generate" : "api/chat", body.ToJsonString(), cancellationToken))
        {
            yield return PartOf(item);
        }
    }

    /// <inheritdoc/>
    public async Task<string> EmbedAsync(string text, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken)
    {
        return (await EmbeddingsAsync(text, 1, truncate, dimensions, question, cancellationToken))[0].GetRawText();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<float[]>> EmbedAllAsync(
        IReadOnlyList<string> texts, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken)
    {
        JsonArray input = new([.. texts.Select(text => JsonValue.Create(text))]);
        JsonElement vectors = await EmbeddingsAsync(input, texts.Count, truncate, dimensions, question, cancellationToken);
        return [.. vectors.EnumerateArray().Select(vector => vector.Deserialize<float[]>()!)];
    }

    /// <inheritdoc/>
    public async Task<JsonElement> ListAsync(CancellationToken cancellationToken)
    {
        (int status, JsonElement answer) = await _server.AskAsync(HttpMethod.Get, "api/tags", null, cancellationToken);
        return status == StatusCodes.Status200OK ? answer : throw ServerClient.ErrorOf(status, answer);
    }

    /// <inheritdoc/>
    public async Task<IChatBackend> SwitchAsync(string model, CancellationToken cancellationToken) =>
        new ServerBackend(_host, _server, model, await ShowAsync(_server, model, cancellationToken), owns: false);

    /// <inheritdoc/>
    public async Task SaveAsync(JsonObject recipe, CancellationToken cancellationToken)
    {
        await foreach (JsonElement _ in _server.StreamAsync("api/create", recipe.ToJsonString(), cancellationToken))
        {
            // The steps of saving take moments; only an error is worth telling.
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_owns)
        {
            _server.Dispose();
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>A server that was started for this ends when it is not used for long; a conversation that goes on after that gets another.</summary>
    private async Task ReviveAsync(CancellationToken cancellationToken)
    {
        ServerStart start = new(_host, _server);
        if (start.IsAllowed)
        {
            await start.EnsureAsync(cancellationToken);
        }
    }

    private static async Task<ModelCard> ShowAsync(ServerClient server, string model, CancellationToken cancellationToken)
    {
        JsonObject request = new() { ["model"] = model };
        (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Post, "api/show", request.ToJsonString(), cancellationToken);
        return status == StatusCodes.Status200OK && answer.ValueKind == JsonValueKind.Object ? new ModelCard(answer) : throw ServerClient.ErrorOf(status, answer);
    }

    /// <summary>The vectors of an input, which is one text or several.</summary>
    private async Task<JsonElement> EmbeddingsAsync(
        JsonNode input, int count, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken)
    {
        JsonObject body = Body(question);
        body["input"] = input;
        Set(body, "truncate", truncate);
        Set(body, "dimensions", dimensions);
        (int status, JsonElement answer) = await _server.AskAsync(HttpMethod.Post, "api/embed", body.ToJsonString(), cancellationToken);
        if (status != StatusCodes.Status200OK)
        {
            throw ServerClient.ErrorOf(status, answer);
        }
        return answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("embeddings", out JsonElement vectors)
            && vectors.ValueKind == JsonValueKind.Array && vectors.GetArrayLength() == count
                ? vectors
                : throw new CommandLineException($"the server at {_server.Address} gave another number of vectors than of texts");
    }

    private JsonObject Body(ChatQuestion question)
    {
        JsonObject body = new() { ["model"] = Model };
        if (question.Options.Count > 0)
        {
            body["options"] = question.Options.DeepClone();
        }
        Set(body, "format", question.Format?.DeepClone());
        Set(body, "think", question.Think?.DeepClone());
        Set(body, "keep_alive", question.KeepAlive);
        return body;
    }

    /// <summary>Adds a field that has a value.</summary>
    private static void Set(JsonObject body, string name, JsonNode? value)
    {
        if (value is not null)
        {
            body[name] = value;
        }
    }

    private static JsonNode NodeOf(SessionMessage message)
    {
        JsonObject node = new() { ["role"] = message.Role, ["content"] = message.Content };
        if (message.Thinking.Length > 0)
        {
            node["thinking"] = message.Thinking;
        }
        AddImages(node, message);
        return node;
    }

    private static void AddImages(JsonObject node, SessionMessage message)
    {
        if (message.Images.Count > 0)
        {
            node["images"] = new JsonArray([.. message.Images.Select(image => (JsonNode)Convert.ToBase64String(image))]);
        }
    }

    private static AnswerPart PartOf(JsonElement item)
    {
        JsonElement said = item.TryGetProperty("message", out JsonElement message) ? message : item;
        return new AnswerPart
        {
            Text = Text(said, "content") + Text(said, "response"),
            Thinking = Text(said, "thinking"),
            ToolCalls = said.TryGetProperty("tool_calls", out JsonElement calls) && calls.ValueKind == JsonValueKind.Array
                ? [.. calls.EnumerateArray().Select(call => call.GetProperty("function").GetProperty("name").GetString() ?? "")]
                : [],
            End = item.TryGetProperty("done", out JsonElement done) && done.ValueKind == JsonValueKind.True ? EndOf(item) : null,
        };
    }

    private static AnswerEnd EndOf(JsonElement item)
    {
        GenerationUsage usage = new(
            (int)Number(item, "prompt_eval_count"),
            (int)Number(item, "cached_tokens"),
            (int)Number(item, "eval_count"),
            TimeSpan.Zero,
            Duration(item, "prompt_eval_duration"),
            Duration(item, "eval_duration"));
        int dropped = item.TryGetProperty("truncation", out JsonElement truncation) && truncation.ValueKind == JsonValueKind.Object ? (int)Number(truncation, "dropped_tokens") : 0;
        return new AnswerEnd(Duration(item, "total_duration"), Duration(item, "load_duration"), usage, dropped, ContextLength: null);
    }

    private static TimeSpan Duration(JsonElement item, string name) => TimeSpan.FromTicks(Number(item, name) / NanosecondsPerTick);

    private static long Number(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : 0;

    private static string Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
