using LocalLlm.Engine.Templates.Go.Nodes;
using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Syntax;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go;

/// <summary>
/// A template in the language of Go's text/template, set up as Ollama renders prompts: missing keys of maps are nil (<c>missingkey=zero</c>),
/// and <c>json</c>, <c>currentDate</c>, <c>yesterdayDate</c> and <c>toTypeScriptType</c> are functions too. Templates come with models, so
/// they are not trusted: they see the data passed and nothing else, and are held to <see cref="TemplateLimits"/>. Safe to use from many threads.
/// </summary>
internal sealed class GoTemplate
{
    private readonly GoSource _source;
    private readonly IReadOnlyDictionary<string, GoSequence> _templates;
    private readonly TemplateLimits _limits;

    private GoTemplate(GoSource source, GoSequence body, IReadOnlyDictionary<string, GoSequence> templates, TemplateLimits limits)
    {
        _source = source;
        Body = body;
        _templates = templates;
        _limits = limits;
    }

    /// <summary>The template's own text, without the templates that it defines.</summary>
    public GoSequence Body { get; }

    /// <summary>All names of data and variables in the template and those that it defines, such as <c>Messages</c> and <c>$last</c>.</summary>
    public IReadOnlySet<string> Names { get; private init; } = new HashSet<string>();

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="limits">What it may use; null for <see cref="TemplateLimits.Default"/>.</param>
    /// <exception cref="GoTemplateException">It is no valid template, or too long or too deeply nested.</exception>
    public static GoTemplate Parse(string source, TemplateLimits? limits = null)
    {
        limits ??= TemplateLimits.Default;
        GoSource text = new(source);
        if (source.Length > limits.SourceLength)
        {
            throw text.Error($"the template is longer than {limits.SourceLength} characters", 0);
        }
        GoParser parser = new(text, new GoLexer(text).Run(), limits.SyntaxDepth);
        GoSequence body = parser.ParseTemplate();
        return new GoTemplate(text, body, parser.Templates, limits)
        {
            Names = GoNames.In(parser.Templates.Values.Prepend(body)),
        };
    }

    /// <summary>The same template with another body.</summary>
    public GoTemplate With(GoSequence body) => new(_source, body, _templates, _limits) { Names = Names };

    /// <summary>Renders the template.</summary>
    /// <param name="data">The value of <c>.</c> and <c>$</c>.</param>
    /// <param name="clock">The clock of templates that write the date.</param>
    /// <exception cref="GoTemplateException">It failed or reached a limit.</exception>
    public string Render(object? data, TimeProvider clock) => RenderAll([(Body, () => data)], clock);

    /// <summary>Renders bodies one after the other, within the limits of one rendering.</summary>
    /// <param name="parts">The template's body or parts of it, each with what makes its data.</param>
    /// <param name="clock">The clock of templates that write the date.</param>
    /// <exception cref="GoTemplateException">One failed or reached a limit, or data are nested too deeply.</exception>
    public string RenderAll(IEnumerable<(GoSequence Body, Func<object?> Data)> parts, TimeProvider clock)
    {
        GoRendering rendering = new(_limits, _templates, clock);
        try
        {
            foreach ((GoSequence body, Func<object?> makeData) in parts)
            {
                object? data = makeData();
                rendering.Variables = new GoVariables(rendering, data);
                body.Execute(rendering, data);
            }
            return rendering.Output.ToString();
        }
        catch (TemplateError error)
        {
            throw _source.Error(error.Message, rendering.Position, error);
        }
    }
}
