using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>Two values and an arithmetic operator: <c>a + b</c>, <c>a // b</c>.</summary>
internal sealed class ArithmeticExpression(int offset, BinaryOperator apply, Expression left, Expression right) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? a = left.Evaluate(rendering);
        object? b = right.Evaluate(rendering);
        Resume(rendering);
        return apply(rendering, a, b);
    }
}
