using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>a and b</c>, <c>a or b</c>: gives the operand that decided, and evaluates the second only if needed.</summary>
internal sealed class LogicalExpression(int offset, bool isAnd, Expression left, Expression right) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? value = left.Evaluate(rendering);
        return Truth.Of(value) == isAnd ? right.Evaluate(rendering) : value;
    }
}
