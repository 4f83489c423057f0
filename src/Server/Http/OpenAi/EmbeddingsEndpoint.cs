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
        JsonElement[] inputs = InputsOf(body);
        bool asBase64 = body.String("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            { } other => throw RequestException.BadRequest($"invalid encoding_format '{other}': it must be 'float' or 'base64'"),
        };
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.NotFound("model '' not found");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model \"{name}\" not found, try pulling it first");
        await access.RunAsync(context, model, RequestFields.KeepAlive(body), async call =>
        {
            string[] texts = new string[inputs.Length];
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] = await TextOfAsync(inputs[i], call.Engine, context.RequestAborted);
            }
            EmbeddingResult result = await call.EmbedAsync(new EmbeddingRequest { Inputs = texts, Dimensions = body.Int32("dimensions") });
            EmbeddingList answer = new(
                [.. result.Vectors.Select((vector, index) => new EmbeddingEntry(new EmbeddingVector(vector, asBase64), index))],
                name,
                new EmbeddingUsage(result.PromptTokens, result.PromptTokens));
            await ApiJson.SendAsync(context, answer, ApiJson.Compact.EmbeddingList);
        });
    }

    /// <summary>The inputs: texts, or arrays of token ids.</summary>
    private static JsonElement[] InputsOf(JsonFields body)
    {
        switch (body.Any("input"))
        {
            case { ValueKind: JsonValueKind.String } text:
                return [text];
            case { ValueKind: JsonValueKind.Array } items when items.GetArrayLength() > 0:
                JsonElement[] inputs = [.. items.EnumerateArray()];
                if (inputs.All(input => input.ValueKind == JsonValueKind.String) || inputs.All(IsTokens))
                {
                    return inputs;
                }
                if (IsTokens(items))
                {
                    return [items];
                }
                break;
        }
        throw RequestException.BadRequest("invalid input");
    }

    private static bool IsTokens(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out _));

    /// <summary>The text of an input. Token ids are the served model's own; the engine refuses those that it does not have.</summary>
    private static async ValueTask<string> TextOfAsync(JsonElement input, ITextEngine engine, CancellationToken cancellationToken) =>
        input.ValueKind == JsonValueKind.String
            ? JsonText.Of(input)
            : await engine.DetokenizeAsync([.. input.EnumerateArray().Select(id => id.GetInt32())], cancellationToken);
}
