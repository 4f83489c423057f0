using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionsEndpoint(ServedModels models, ResidentModels resident, TimeProvider time)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        IReadOnlyList<ChatMessage> messages = CompletionMessages.Read(body);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.BadRequest("model is required");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model '{name}' not found");
        CompletionSettings settings = CompletionSettings.Read(body, model);
        using ModelLease lease = await resident.AcquireAsync(
            model, settings.Options.ContextLength, RequestFields.KeepAlive(body), context.RequestAborted);
        ModelCapabilities capabilities = lease.Engine.Description.Capabilities;
        if (!capabilities.HasFlag(ModelCapabilities.Completion))
        {
            throw RequestException.BadRequest($"\"{name}\" does not support chat");
        }
        if (settings.Tools.Count > 0 && !capabilities.HasFlag(ModelCapabilities.Tools))
        {
            throw RequestException.BadRequest($"{ServedModels.NameOf(name).FullName} does not support tools");
        }
        bool? think = RequestFields.ThinkOrRefuse(settings.Think, name, capabilities);
        GenerationRequest request = settings.ApplyTo(new GenerationRequest { Messages = messages, Think = think }, lease.Engine);
        await using RunningGeneration generation = await RunningGeneration.StartAsync(lease.Engine, request, context);
        ChatCompletionAnswer answer = new(context, settings, generation, name, time.GetUtcNow());
        await (settings.Stream ? answer.StreamAsync() : answer.SendAsync());
    }
}
