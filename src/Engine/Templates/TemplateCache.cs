using System.Collections.Concurrent;
using LocalLlm.Engine.Templates.Go;

namespace LocalLlm.Engine.Templates;

/// <summary>Templates that requests bring, parsed once: those of stored models come with every request. Safe for several threads.</summary>
/// <param name="bosText">Text of the token that begins a sequence; empty if the model has none.</param>
/// <param name="eosText">Text of the token that ends a sequence; empty if the model has none.</param>
internal sealed class TemplateCache(string bosText, string eosText)
{
    // As many as names that share a file are likely to have; who sends a new template with each request only has it parsed each time.
    private const int Capacity = 16;

    private readonly ConcurrentDictionary<TemplateSource, IChatTemplate> _parsed = [];

    /// <summary>The template of a text.</summary>
    /// <exception cref="TemplateException">It is no valid template.</exception>
    public IChatTemplate Get(TemplateSource source)
    {
        if (_parsed.TryGetValue(source, out IChatTemplate? known))
        {
            return known;
        }
        IChatTemplate template = source.Language == TemplateLanguage.Go ? new GoChatTemplate(source.Text) : new ChatTemplate(source.Text, bosText, eosText);
        if (_parsed.Count >= Capacity)
        {
            _parsed.Clear();
        }
        return _parsed[source] = template;
    }
}
