using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingsEndpoint(ServedModels models, ModelAccess access)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        EmbeddingRequest request = InputsOf(body) with { Dimensions = body.Whole("dimensions") };
        bool asBase64 = body.String("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            { } other => throw RequestException.BadRequest($"invalid encoding_format '{other}': it must be 'float' or 'base64'"),
        };
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.NotFound("model '' not found");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model \"{name}\" not found, try pulling it first");
        GenerationOptions options = GenerationOptions.Of(model).With(body.Object("options"));
        EmbeddingResult result = await access.ComputeAsync(
            context, model, RequestFields.KeepAlive(body), call => call.EmbedAsync(request with { ContextLength = EmbedEndpoint.ContextOf(options, call.Engine) }));
        EmbeddingList answer = new(
            [.. result.Vectors.Select((vector, index) => new EmbeddingEntry(new EmbeddingVector(vector, asBase64), index))],
            name,
            new EmbeddingUsage(result.PromptTokens, result.PromptTokens));
        await ApiJson.StreamAsync(context, answer, ApiJson.Compact.EmbeddingList);
    }

    /// <summary>The inputs: texts, or the served model's own token ids; the engine refuses those that it does not have.</summary>
    private static EmbeddingRequest InputsOf(JsonFields body)
    {
        switch (body.Any("input"))
        {
            case { ValueKind: JsonValueKind.String } text:
                return new EmbeddingRequest { Inputs = [JsonText.Of(text)] };
            case { ValueKind: JsonValueKind.Array } items when items.GetArrayLength() > 0:
                JsonElement[] inputs = [.. items.EnumerateArray()];
                if (inputs.All(input => input.ValueKind == JsonValueKind.String))
                {
                    return new EmbeddingRequest { Inputs = [.. inputs.Select(JsonText.Of)] };
                }
                if (inputs.All(IsTokens))
                {
                    return new EmbeddingRequest { Inputs = [], Tokens = [.. inputs.Select(TokensOf)] };
                }
                if (IsTokens(items))
                {
                    return new EmbeddingRequest { Inputs = [], Tokens = [TokensOf(items)] };
                }
                break;
        }
        throw RequestException.BadRequest("invalid input");
    }

    private static bool IsTokens(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out _));

    private static int[] TokensOf(JsonElement value) => [.. value.EnumerateArray().Select(id => id.GetInt32())];
}
