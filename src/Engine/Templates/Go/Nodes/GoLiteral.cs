using LocalLlm.Engine.Templates.Go.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>A text, number or boolean as written, or <c>nil</c>, which can only be an argument.</summary>
internal sealed class GoLiteral(int offset, object? value) : GoOperand(offset)
{
    /// <summary>Whether this is <c>nil</c>.</summary>
    public bool IsNil => value is null;

    /// <inheritdoc/>
    public override object? Call(GoRendering rendering, object? dot, GoArguments arguments)
    {
        RequireNone(arguments, "a literal");
        return value;
    }
}
