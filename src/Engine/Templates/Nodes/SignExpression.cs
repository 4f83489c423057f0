using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>-a</c> or <c>+a</c></summary>
internal sealed class SignExpression(int offset, bool negative, Expression operand) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? value = operand.Evaluate(rendering);
        Resume(rendering);
        return negative ? Operators.Negate(rendering, value) : Operators.Plus(rendering, value);
    }
}
