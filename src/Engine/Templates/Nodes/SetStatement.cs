using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{% set target = value %}</c></summary>
internal sealed class SetStatement(int offset, AssignmentTarget target, Expression value) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        object? evaluated = value.Evaluate(rendering);
        Resume(rendering);
        target.Assign(rendering, evaluated);
        return Flow.Next;
    }
}
