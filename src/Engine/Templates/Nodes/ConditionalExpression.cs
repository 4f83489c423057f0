using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>a if test else b</c>; without <c>else</c> the value may be undefined.</summary>
internal sealed class ConditionalExpression(int offset, Expression test, Expression then, Expression? otherwise) : Expression(offset)
{
    private static readonly Undefined NoElse = new("the inline if-expression is false and has no else");

    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering) =>
        Truth.Of(test.Evaluate(rendering)) ? then.Evaluate(rendering)
        : otherwise is null ? NoElse
        : otherwise.Evaluate(rendering);
}
