using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>owner[start:stop:step]</c>; each bound may be left out.</summary>
internal sealed class SliceExpression(int offset, Expression owner, Expression? start, Expression? stop, Expression? step) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? value = owner.Evaluate(rendering);
        object? first = start?.Evaluate(rendering);
        object? last = stop?.Evaluate(rendering);
        object? stride = step?.Evaluate(rendering);
        Resume(rendering);
        return Slicing.Slice(rendering, value, first, last, stride);
    }
}
