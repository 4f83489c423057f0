using System.Text.Json.Nodes;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/chat</c>.</summary>
internal sealed class ChatEndpoint(ServedModels models, ModelAccess access, TimeProvider time)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        RequestClock clock = new(time);
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.BadRequest("model is required");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model '{name}' not found");
        NativeGeneration answer = new(context, name, clock, (item, text) => item with { Message = new AssistantMessage(text) });

        IReadOnlyList<ChatMessage> messages = NativeMessages.Read(body);
        KeepAlive? keepAlive = RequestFields.KeepAlive(body);
        if (messages.Count == 0 && keepAlive is { IsNone: true })
        {
            access.Resident.Unload(model);
            await answer.SendLoadAsync("unload");
            return;
        }
        NativeSettings settings = NativeSettings.Read(body, model);
        async Task AnswerAsync(ModelCall call)
        {
            clock.ModelIsReady();
            GenerationRequest asked = RequestFor(call.Capabilities, body, name);
            GenerationRequest request = settings.ApplyTo(asked with { Messages = Opening.Before(messages, model), Template = TemplateFor(asked) }, call.Engine);
            await (messages.Count == 0 ? answer.SendLoadAsync("load")
                : settings.RenderOnly ? answer.SendRenderedAsync(call.Engine, request)
                : answer.RunAsync(call, request, settings.Stream, returnsContext: false));
        }
        TemplateSource? TemplateFor(GenerationRequest request) =>
            models.TemplateOf(model, needsTools: request.Tools.Count > 0 || messages.Any(message => message.ToolCalls.Count > 0), needsThinking: request.Think == true);
        await (messages.Count == 0
            ? access.RunOnceAsync(context, model, keepAlive, AnswerAsync)
            : access.RunAsync(context, model, keepAlive, AnswerAsync));
    }

    /// <summary>What depends on the model's capabilities.</summary>
    private static GenerationRequest RequestFor(ModelCapabilities capabilities, JsonFields body, string name)
    {
        if (!capabilities.HasFlag(ModelCapabilities.Completion))
        {
            throw RequestException.BadRequest($"\"{name}\" does not support chat");
        }
        IReadOnlyList<JsonObject> tools = body.Nodes("tools");
        if (tools.Count > 0 && !capabilities.HasFlag(ModelCapabilities.Tools))
        {
            throw RequestException.BadRequest($"{ServedModels.NameOf(name).FullName} does not support tools");
        }
        return new GenerationRequest { Tools = tools, Think = RequestFields.ThinkOrRefuse(RequestFields.Think(body), name, capabilities) };
    }
}
