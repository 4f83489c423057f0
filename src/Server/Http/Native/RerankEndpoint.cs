using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/rerank</c>: the shared shape of reranking in the habits of the native API.</summary>
internal sealed class RerankEndpoint(ServedModels models, ModelAccess access, TimeProvider time)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        RequestClock clock = new(time);
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.NotFound("model '' not found");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model \"{name}\" not found, try pulling it first");
        RerankQuestion question = RerankQuestion.Of(body);
        GenerationOptions options = GenerationOptions.Of(model).With(body.Object("options"));
        RerankAnswer answer = await access.ComputeAsync(context, model, RequestFields.KeepAlive(body), async call =>
        {
            clock.ModelIsReady();
            RerankResult result = await call.RerankAsync(question.Request with { ContextLength = EmbedEndpoint.ContextOf(options, call.Engine) });
            return new RerankAnswer
            {
                Model = name,
                Method = RerankQuestion.NameOf(result.Method),
                Results = question.Best(result),
                TotalDuration = clock.ElapsedNanoseconds,
                LoadDuration = clock.LoadNanoseconds,
                PromptEvalCount = result.PromptTokens,
            };
        });
        await ApiJson.SendAsync(context, answer, ApiJson.Compact.RerankAnswer);
    }
}
