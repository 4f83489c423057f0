using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>
/// <c>{% with a = 1 %}...{% endwith %}</c>, and <c>{% generation %}...{% endgeneration %}</c>, which marks the assistant's words for
/// training and here is just its body. Names set inside are forgotten at the end.
/// </summary>
internal sealed class ScopeStatement(int offset, IReadOnlyList<(AssignmentTarget Target, Expression Value)> assignments, Block body) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        Scope outer = rendering.Scope;

        // The values see the outer scope only, not each other.
        object?[] values = [.. assignments.Select(assignment => assignment.Value.Evaluate(rendering))];
        rendering.Scope = new Scope(outer);
        try
        {
            for (int i = 0; i < values.Length; i++)
            {
                assignments[i].Target.Assign(rendering, values[i]);
            }
            return body.Execute(rendering);
        }
        finally
        {
            rendering.Scope = outer;
        }
    }
}
