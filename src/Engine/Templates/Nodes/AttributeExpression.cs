using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>owner.name</c></summary>
internal sealed class AttributeExpression(int offset, Expression owner, string name) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? value = owner.Evaluate(rendering);
        Resume(rendering);
        return Subscripts.Attribute(rendering, value, name);
    }
}
