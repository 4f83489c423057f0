using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>not a</c></summary>
internal sealed class NotExpression(int offset, Expression operand) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering) => Truth.Box(!Truth.Of(operand.Evaluate(rendering)));
}
