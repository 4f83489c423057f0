using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/embed</c>, and its deprecated predecessor <c>POST /api/embeddings</c>.</summary>
internal sealed class EmbedEndpoint(ServedModels models, ModelAccess access, TimeProvider time)
{
    /// <summary>Answers <c>/api/embed</c>: one input or many.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        RequestClock clock = new(time);
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.NotFound("model '' not found");
        ServedModel model = Find(name);
        IReadOnlyList<string> inputs = InputsOf(body);
        GenerationOptions options = GenerationOptions.Of(model).With(body.Object("options"));
        KeepAlive? keepAlive = RequestFields.KeepAlive(body);
        if (inputs.Count == 0)
        {
            EmbedAnswer loaded = new() { Model = name, Embeddings = [] };
            await access.RunOnceAsync(context, model, keepAlive, _ => ApiJson.SendAsync(context, loaded, ApiJson.Compact.EmbedAnswer));
            return;
        }
        EmbeddingRequest request = new() { Inputs = inputs, Truncate = body.Boolean("truncate") ?? true, Dimensions = body.Whole("dimensions") };
        EmbedAnswer answer = await access.ComputeAsync(context, model, keepAlive, async call =>
        {
            clock.ModelIsReady();
            EmbeddingResult result = await call.EmbedAsync(request with { ContextLength = ContextOf(options, call.Engine) });
            return new EmbedAnswer
            {
                Model = name,
                Embeddings = result.Vectors,
                TotalDuration = clock.ElapsedNanoseconds,
                LoadDuration = clock.LoadNanoseconds,
                PromptEvalCount = result.PromptTokens,
            };
        });
        await ApiJson.StreamAsync(context, answer, ApiJson.Compact.EmbedAnswer);
    }

    /// <summary>Answers <c>/api/embeddings</c>: one prompt.</summary>
    public async Task HandleLegacyAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.BadRequest("model is required");
        ServedModel model = Find(name);
        string prompt = body.String("prompt") ?? "";
        GenerationOptions options = GenerationOptions.Of(model).With(body.Object("options"));
        KeepAlive? keepAlive = RequestFields.KeepAlive(body);
        Task SendAsync(float[] embedding) => ApiJson.SendAsync(context, new EmbeddingsAnswer(embedding), ApiJson.Compact.EmbeddingsAnswer);
        await (prompt.Length == 0
            ? access.RunOnceAsync(context, model, keepAlive, _ => SendAsync([]))
            : access.RunAsync(context, model, keepAlive, async call =>
            {
                EmbeddingRequest request = new() { Inputs = [prompt], ContextLength = ContextOf(options, call.Engine) };
                await SendAsync((await call.EmbedAsync(request)).Vectors[0]);
            }));
    }

    private ServedModel Find(string name) =>
        models.Find(name) ?? throw RequestException.NotFound($"model \"{name}\" not found, try pulling it first");

    /// <summary>No input, or one empty string, only loads the model.</summary>
    private static IReadOnlyList<string> InputsOf(JsonFields body) => body.Any("input") switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } text => JsonText.Of(text) is { Length: > 0 } input ? [input] : [],
        { ValueKind: JsonValueKind.Array } texts when texts.EnumerateArray().All(text => text.ValueKind == JsonValueKind.String) =>
            [.. texts.EnumerateArray().Select(JsonText.Of)],
        _ => throw RequestException.BadRequest("invalid input type"),
    };

    /// <summary>Positions of one input: embedding takes <c>num_ctx</c> at its word, however small.</summary>
    public static int? ContextOf(GenerationOptions options, ITextEngine engine) => options.NumCtx switch
    {
        null => null,
        <= 0 => throw RequestException.BadRequest("input after truncation exceeds maximum context length"),
        { } positions => Math.Min(positions, engine.Description.MaxContextLength),
    };
}
