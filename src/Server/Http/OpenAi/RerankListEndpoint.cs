using System.Security.Cryptography;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary><c>POST /v1/rerank</c>, in the shape that Jina, Cohere and vLLM share, with the errors of the OpenAI API.</summary>
internal sealed class RerankListEndpoint(ServedModels models, ModelAccess access)
{
    private const int IdDigits = 32;

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        RerankQuestion question = RerankQuestion.Of(body);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.NotFound("model '' not found");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model \"{name}\" not found, try pulling it first");
        GenerationOptions options = GenerationOptions.Of(model).With(body.Object("options"));
        RerankResult result = await access.ComputeAsync(
            context, model, RequestFields.KeepAlive(body), call => call.RerankAsync(question.Request with { ContextLength = EmbedEndpoint.ContextOf(options, call.Engine) }));
        RerankList answer = new(
            $"rerank-{RandomNumberGenerator.GetHexString(IdDigits, lowercase: true)}",
            name,
            question.Best(result),
            RerankQuestion.NameOf(result.Method),
            new EmbeddingUsage(result.PromptTokens, result.PromptTokens));
        await ApiJson.SendAsync(context, answer, ApiJson.Compact.RerankList);
    }
}
