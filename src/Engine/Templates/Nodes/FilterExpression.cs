using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>value | filter(a)</c></summary>
internal sealed class FilterExpression(Expression operand, FilterCall filter) : Expression(filter.Offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering) => filter.Apply(rendering, operand.Evaluate(rendering));
}
