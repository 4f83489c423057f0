using System.Text.RegularExpressions;
using LocalLlm.Engine.Templates.Go;

namespace LocalLlm.Engine.Templates;

/// <summary>What a prompt template is written in.</summary>
public enum TemplateLanguage
{
    /// <summary>Jinja2, as in a GGUF's <c>tokenizer.chat_template</c>.</summary>
    Jinja,

    /// <summary>Go's text/template, as in the <c>TEMPLATE</c> of a Modelfile.</summary>
    Go,
}

/// <summary>The text of a prompt template.</summary>
/// <param name="Text">The text.</param>
/// <param name="Language">Its language.</param>
public sealed partial record TemplateSource(string Text, TemplateLanguage Language)
{
    /// <summary>
    /// A template whose language nobody names. Jinja's statements (<c>{%</c>) are plain text in Go, so they decide; without them it is Go's if it parses as that,
    /// since Go knows the names of its functions when it parses, and Jinja's variables are none of them.
    /// </summary>
    public static TemplateSource Of(string text) =>
        new(text, !text.Contains("{%", StringComparison.Ordinal) && (HasGoAction().IsMatch(text) || IsGo(text)) ? TemplateLanguage.Go : TemplateLanguage.Jinja);

    private static bool IsGo(string text)
    {
        try
        {
            _ = GoTemplate.Parse(text);
            return true;
        }
        catch (GoTemplateException)
        {
            return false;
        }
    }

    /// <summary>What no Jinja expression begins with: a field (<c>{{ .Prompt }}</c>), a variable or a keyword. Mistakes in such a text are told as Go's.</summary>
    [GeneratedRegex(@"\{\{-?\s*(\.|\$|if\b|else\b|end\b|range\b|with\b|define\b|template\b|block\b)")]
    private static partial Regex HasGoAction();
}
