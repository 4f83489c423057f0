using LocalLlm.Engine.Templates.Nodes;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Syntax;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates;

/// <summary>
/// A Jinja2 template, set up as chat templates are rendered by Hugging Face's transformers: <c>trim_blocks</c> and <c>lstrip_blocks</c>
/// on, no trailing newline kept, <c>break</c> and <c>continue</c>, a <c>tojson</c> that leaves text readable, <c>raise_exception</c> and
/// <c>strftime_now</c>. Templates come with models, so they are not trusted: they see the data passed and nothing else, and are held to
/// <see cref="TemplateLimits"/>. There is no file to load, so <c>include</c>, <c>import</c> and <c>extends</c> are refused. Safe to use from many threads.
/// </summary>
public sealed class JinjaTemplate
{
    private readonly SourceText _source;
    private readonly Block _body;
    private readonly TemplateLimits _limits;

    private JinjaTemplate(SourceText source, Block body, TemplateLimits limits)
    {
        _source = source;
        _body = body;
        _limits = limits;
    }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="limits">What it may use; null for <see cref="TemplateLimits.Default"/>.</param>
    /// <exception cref="JinjaException">It is no valid template, or too long or too deeply nested.</exception>
    public static JinjaTemplate Parse(string source, TemplateLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        limits ??= TemplateLimits.Default;
        if (source.Length > limits.SourceLength)
        {
            throw new JinjaException($"the template is longer than {limits.SourceLength} characters", 1, 1);
        }
        SourceText text = new(source);
        Block body = new Parser(text, new Lexer(text).Run(), limits.SyntaxDepth).ParseTemplate();
        return new JinjaTemplate(text, body, limits);
    }

    /// <summary>Renders the template.</summary>
    /// <param name="variables">
    /// Names that it sees: null, booleans, numbers, text, <see cref="System.Text.Json.Nodes.JsonNode"/>s, and dictionaries and lists of these.
    /// They are copied first, so that the template can't change them.
    /// </param>
    /// <param name="clock">The clock of <c>strftime_now</c>; null for the system's.</param>
    /// <exception cref="JinjaException">It failed, reached a limit, or called <c>raise_exception</c>.</exception>
    /// <exception cref="ArgumentException">A variable is of a type that no template can take.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(variables);
        Scope scope = new(null);
        Rendering rendering = new(_limits, new Scope(scope), clock ?? TimeProvider.System);
        try
        {
            foreach ((string name, object? value) in variables)
            {
                scope.Set(name, ClrValues.From(value));
            }
            _body.Execute(rendering);
            return rendering.Output.ToString();
        }
        catch (TemplateError error)
        {
            (int line, int column) = _source.Locate(rendering.Position);
            throw error.RaisedByTemplate
                ? JinjaException.Raised(error.Message, line, column, error)
                : new JinjaException(error.Message, line, column, error);
        }
    }
}
