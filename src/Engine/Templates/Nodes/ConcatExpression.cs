using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>a ~ b ~ c</c>: the values printed one after the other.</summary>
internal sealed class ConcatExpression(int offset, IReadOnlyList<Expression> parts) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        TextBuilder builder = new(rendering);
        foreach (Expression part in parts)
        {
            builder.Append(Reprs.Str(rendering, part.Evaluate(rendering)));
        }
        return builder.ToString();
    }
}
