using System.Text.Json.Nodes;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/chat</c>.</summary>
internal sealed class ChatEndpoint(ServedModels models, ResidentModels resident, TimeProvider time)
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
            resident.Unload(model);
            await answer.SendLoadAsync("unload");
            return;
        }
        NativeSettings settings = NativeSettings.Read(body, model);
        using ModelLease lease = await resident.AcquireAsync(model, settings.Options.ContextLength, keepAlive, context.RequestAborted);
        clock.ModelIsReady();
        ModelCapabilities capabilities = lease.Engine.Description.Capabilities;
        if (!capabilities.HasFlag(ModelCapabilities.Completion))
        {
            throw RequestException.BadRequest($"\"{name}\" does not support chat");
        }
        IReadOnlyList<JsonObject> tools = body.Nodes("tools");
        if (tools.Count > 0 && !capabilities.HasFlag(ModelCapabilities.Tools))
        {
            throw RequestException.BadRequest($"{ServedModels.NameOf(name).FullName} does not support tools");
        }
        bool? think = RequestFields.ThinkOrRefuse(RequestFields.Think(body), name, capabilities);
        if (messages.Count == 0)
        {
            await answer.SendLoadAsync("load");
            return;
        }
        GenerationRequest request = settings.ApplyTo(new GenerationRequest { Messages = messages, Tools = tools, Think = think }, lease.Engine);
        await (settings.RenderOnly
            ? answer.SendRenderedAsync(lease.Engine, request)
            : answer.RunAsync(lease.Engine, request, settings.Stream, returnsContext: false));
    }
}
