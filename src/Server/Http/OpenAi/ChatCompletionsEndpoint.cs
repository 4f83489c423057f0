using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionsEndpoint(ServedModels models, ModelAccess access, TimeProvider time)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        IReadOnlyList<ChatMessage> messages = CompletionMessages.Read(body);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.BadRequest("model is required");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model '{name}' not found");
        CompletionSettings settings = CompletionSettings.Read(body, model);
        await access.RunAsync(context, model, RequestFields.KeepAlive(body), async call =>
        {
            GenerationRequest asked = RequestFor(call.Capabilities, settings, name);
            TemplateSource? template = models.TemplateOf(
                model, needsTools: settings.Tools.Count > 0 || messages.Any(message => message.ToolCalls.Count > 0), needsThinking: asked.Think == true);
            GenerationRequest request = settings.ApplyTo(asked with { Messages = Opening.Before(messages, model), Template = template }, call.Engine);
            await using RunningGeneration generation = await call.StartAsync(request);
            ChatCompletionAnswer answer = new(context, settings, generation, name, time.GetUtcNow());
            await (settings.Stream ? answer.StreamAsync() : answer.SendAsync());
        });
    }

    /// <summary>What depends on the model's capabilities.</summary>
    private static GenerationRequest RequestFor(ModelCapabilities capabilities, CompletionSettings settings, string name)
    {
        if (!capabilities.HasFlag(ModelCapabilities.Completion))
        {
            throw RequestException.BadRequest($"\"{name}\" does not support chat");
        }
        if (settings.Tools.Count > 0 && !capabilities.HasFlag(ModelCapabilities.Tools))
        {
            throw RequestException.BadRequest($"{ServedModels.NameOf(name).FullName} does not support tools");
        }
        return new GenerationRequest { Think = RequestFields.ThinkOrRefuse(settings.Think, name, capabilities) };
    }
}
