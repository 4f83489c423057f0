using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{% set target | filter %}...{% endset %}</c>: the text of the body, filtered.</summary>
internal sealed class SetBlockStatement(int offset, AssignmentTarget target, IReadOnlyList<FilterCall> filters, Block body) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        Flow flow = body.Capture(rendering, out string text);
        if (flow == Flow.Next)
        {
            object? value = filters.Aggregate((object?)text, (current, filter) => filter.Apply(rendering, current));
            Resume(rendering);
            target.Assign(rendering, value);
        }
        return flow;
    }
}
