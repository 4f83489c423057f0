using LocalLlm.Engine.Templates;
using LocalLlm.Engine.Templates.Go;

namespace LocalLlm.Server.Store;

/// <summary>The <c>TEMPLATE</c> of a stored model, and when prompts are made with it. Ollama weighs the two templates of a model once; here each request does,
/// so that a <c>TEMPLATE</c> that somebody wrote holds wherever it can.</summary>
/// <param name="Template">The template.</param>
/// <param name="Use">When it is used.</param>
/// <param name="HasRenderer">Whether the model's config names a renderer: its <c>TEMPLATE</c> is a stand-in then.</param>
internal sealed record StoredTemplate(GoChatTemplate Template, GoTemplates Use, bool HasRenderer)
{
    /// <summary>The template for requests.</summary>
    public TemplateSource Source { get; } = new(Template.Source, TemplateLanguage.Go);

    /// <summary>Whether it makes the prompt of a request.</summary>
    /// <param name="fileTemplate">The template in the model's file, Jinja; empty if there is none.</param>
    /// <param name="needsTools">Whether the request offers tools or speaks of their calls.</param>
    /// <param name="needsThinking">Whether the request asks the model to think.</param>
    public bool Serves(string fileTemplate, bool needsTools, bool needsThinking) =>
        Use == GoTemplates.Always || fileTemplate.Length == 0
        || (!HasRenderer && (!needsTools || Template.SupportsTools) && (!needsThinking || Template.SupportsThinking));
}
