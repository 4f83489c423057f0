using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/generate</c>.</summary>
internal sealed class GenerateEndpoint(ServedModels models, ModelAccess access, TimeProvider time)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        RequestClock clock = new(time);
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        string name = body.String("model") is { Length: > 0 } given ? given : throw RequestException.NotFound("model '' not found");
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model '{name}' not found");
        NativeGeneration answer = new(context, name, clock, (item, text) => item with { Response = text });

        string prompt = body.String("prompt") ?? "";
        KeepAlive? keepAlive = RequestFields.KeepAlive(body);
        if (prompt.Length == 0 && keepAlive is { IsNone: true })
        {
            access.Resident.Unload(model);
            await answer.SendLoadAsync("unload");
            return;
        }
        bool raw = body.Boolean("raw") ?? false;
        GenerationRequest request = raw ? RawPrompt(body, prompt) : SuffixOf(body) is { } suffix ? Insertion(name, model, prompt, suffix) : Conversation(body, prompt, model);
        NativeSettings settings = NativeSettings.Read(body, model);
        async Task AnswerAsync(ModelCall call)
        {
            clock.ModelIsReady();
            RefuseUnsupported(name, call.Capabilities);
            bool? think = RequestFields.ThinkOrRefuse(RequestFields.Think(body), name, call.Capabilities);
            if (prompt.Length == 0)
            {
                await answer.SendLoadAsync("load");
                return;
            }
            RequestFields.RefuseImages(body);
            TemplateSource? template = raw ? null : request.Template ?? models.TemplateOf(model, needsTools: false, needsThinking: think == true);
            GenerationRequest asked = settings.ApplyTo(request with { Think = raw ? null : think, Template = template }, call.Engine);
            await (settings.RenderOnly
                ? answer.SendRenderedAsync(call.Engine, asked)
                : answer.RunAsync(call, asked, settings.Stream, returnsContext: !raw));
        }
        await (prompt.Length == 0
            ? access.RunOnceAsync(context, model, keepAlive, AnswerAsync)
            : access.RunAsync(context, model, keepAlive, AnswerAsync));
    }

    private static GenerationRequest RawPrompt(JsonFields body, string prompt)
    {
        bool conflicts = body.String("template") is { Length: > 0 } || body.String("system") is { Length: > 0 } || body.Tokens("context").Count > 0;
        return !conflicts
            ? new GenerationRequest { Prompt = prompt }
            : throw RequestException.BadRequest("raw mode does not support template, system, or context");
    }

    private static GenerationRequest Conversation(JsonFields body, string prompt, ServedModel model)
    {
        IReadOnlyList<int> context = body.Tokens("context");
        ChatMessage question = new() { Role = "user", Content = prompt };
        // A context has the model's own messages in it already.
        IReadOnlyList<ChatMessage> messages = [.. Opening.SystemOf(model, body.String("system")), .. context.Count == 0 ? model.Messages : [], question];
        TemplateSource? template = body.String("template") is { Length: > 0 } given ? TemplateSource.Of(given) : null;
        return new GenerationRequest { Messages = messages, Template = template, Context = context };
    }

    private static string? SuffixOf(JsonFields body) => body.String("suffix") is { Length: > 0 } suffix ? suffix : null;

    /// <summary>Filling in between a beginning and an end takes a <c>TEMPLATE</c> that says how.</summary>
    private static GenerationRequest Insertion(string name, ServedModel model, string prompt, string suffix) =>
        model.Stored?.Prompts is { Template.SupportsInsertion: true } prompts
            ? new GenerationRequest { Prompt = prompt, Suffix = suffix, Template = prompts.Source }
            : throw RequestException.BadRequest($"{ServedModels.NameOf(name).FullName} does not support insert");

    private static void RefuseUnsupported(string name, ModelCapabilities capabilities)
    {
        if (!capabilities.HasFlag(ModelCapabilities.Completion))
        {
            throw RequestException.BadRequest($"\"{name}\" does not support generate");
        }
    }
}
