using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>A number, text, boolean or none, as written.</summary>
internal sealed class LiteralExpression(int offset, object? value) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering) => value;
}
