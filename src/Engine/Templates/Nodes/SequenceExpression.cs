using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>[a, b]</c> or, as a tuple, <c>(a, b)</c>.</summary>
internal sealed class SequenceExpression(int offset, IReadOnlyList<Expression> items, bool isTuple) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        rendering.AllocateElements(items.Count);
        object?[] values = new object?[items.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = items[i].Evaluate(rendering);
        }
        return isTuple ? new JinjaTuple(values) : new JinjaList([.. values]);
    }
}
