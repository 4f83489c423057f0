using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>owner[key]</c></summary>
internal sealed class ItemExpression(int offset, Expression owner, Expression key) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? value = owner.Evaluate(rendering);
        object? index = key.Evaluate(rendering);
        Resume(rendering);
        return Subscripts.Item(rendering, value, index);
    }
}
