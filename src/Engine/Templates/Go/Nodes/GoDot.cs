using LocalLlm.Engine.Templates.Go.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>.</c></summary>
internal sealed class GoDot(int offset) : GoOperand(offset)
{
    /// <inheritdoc/>
    public override object? Call(GoRendering rendering, object? dot, GoArguments arguments)
    {
        RequireNone(arguments, "the dot");
        return dot;
    }
}
