using System.Text.RegularExpressions;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/generate</c>.</summary>
internal sealed partial class GenerateEndpoint(ServedModels models, ModelAccess access, TimeProvider time)
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
        GenerationRequest request = raw ? RawPrompt(body, prompt) : Conversation(body, prompt, model);
        NativeSettings settings = NativeSettings.Read(body, model);
        async Task AnswerAsync(ModelCall call)
        {
            clock.ModelIsReady();
            RefuseUnsupported(body, name, call.Capabilities);
            bool? think = RequestFields.ThinkOrRefuse(RequestFields.Think(body), name, call.Capabilities);
            if (prompt.Length == 0)
            {
                await answer.SendLoadAsync("load");
                return;
            }
            RequestFields.RefuseImages(body);
            GenerationRequest asked = settings.ApplyTo(request with { Think = raw ? null : think }, call.Engine);
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
        string? template = body.String("template") is { Length: > 0 } given ? given : null;
        if (template is not null && GoTemplate().IsMatch(template))
        {
            throw RequestException.BadRequest(
                "template is written in Go's template language, which LocalLlm does not support: write it in Jinja, or leave it out to use the model's own");
        }
        return new GenerationRequest { Messages = messages, Template = template, Context = context };
    }

    private static void RefuseUnsupported(JsonFields body, string name, ModelCapabilities capabilities)
    {
        if (!capabilities.HasFlag(ModelCapabilities.Completion))
        {
            throw RequestException.BadRequest($"\"{name}\" does not support generate");
        }
        // Filling in between a prefix and a suffix takes a prompt format that no served model declares yet.
        if (body.String("suffix") is { Length: > 0 })
        {
            throw RequestException.BadRequest($"{ServedModels.NameOf(name).FullName} does not support insert");
        }
    }

    /// <summary>What no Jinja template holds and hardly any Go template lacks: a field (<c>{{ .Prompt }}</c>) or an action in expression braces.</summary>
    [GeneratedRegex(@"\{\{-?\s*(\.|\$|if\b|else\b|end\b|range\b|with\b|define\b|template\b|block\b)")]
    private static partial Regex GoTemplate();
}
