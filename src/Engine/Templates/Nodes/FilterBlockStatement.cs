using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{% filter name %}...{% endfilter %}</c>: writes the text of the body, filtered.</summary>
internal sealed class FilterBlockStatement(int offset, IReadOnlyList<FilterCall> filters, Block body) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        Flow flow = body.Capture(rendering, out string text);
        object? value = filters.Aggregate((object?)text, (current, filter) => filter.Apply(rendering, current));
        rendering.Output.Append(Reprs.Str(rendering, value));
        return flow;
    }
}
