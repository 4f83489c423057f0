using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingsEndpoint(ServedModels models, ResidentModels resident)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        IReadOnlyList<string> inputs = InputsOf(body);
        bool asBase64 = body.String("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            { } other => throw RequestException.BadRequest($"invalid encoding_format '{other}': it must be 'float' or 'base64'"),
        };
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.NotFound("model '' not found");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model \"{name}\" not found, try pulling it first");
        using ModelLease lease = await resident.AcquireAsync(
            model, GenerationOptions.Of(model).ContextLength, RequestFields.KeepAlive(body), context.RequestAborted);
        EmbeddingRequest request = new() { Inputs = inputs, Dimensions = body.Int32("dimensions") };
        EmbeddingResult result = await lease.Engine.EmbedAsync(request, context.RequestAborted);
        EmbeddingList answer = new(
            [.. result.Vectors.Select((vector, index) => new EmbeddingEntry(new EmbeddingVector(vector, asBase64), index))],
            name,
            new EmbeddingUsage(result.PromptTokens, result.PromptTokens));
        await ApiJson.SendAsync(context, answer, ApiJson.Compact.EmbeddingList);
    }

    private static IReadOnlyList<string> InputsOf(JsonFields body)
    {
        switch (body.Any("input"))
        {
            case { ValueKind: JsonValueKind.String } text:
                return [JsonText.Of(text)];
            case { ValueKind: JsonValueKind.Array } items when items.GetArrayLength() > 0:
                JsonElement[] inputs = [.. items.EnumerateArray()];
                if (inputs.All(input => input.ValueKind == JsonValueKind.String))
                {
                    return [.. inputs.Select(JsonText.Of)];
                }
                if (inputs.All(input => input.ValueKind is JsonValueKind.Number or JsonValueKind.Array))
                {
                    // langchain sends ids of OpenAI's own tokenizers: another model would take them for other words, and nobody would notice.
                    throw RequestException.BadRequest(
                        "input holds token ids, which mean different words to every model: send text (langchain: check_embedding_ctx_length=False)");
                }
                break;
        }
        throw RequestException.BadRequest("invalid input");
    }
}
