using LocalLlm.Engine.Templates.Go.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>(pipeline)</c></summary>
internal sealed class GoParentheses(int offset, GoPipeline pipeline) : GoOperand(offset)
{
    /// <summary>What stands between them.</summary>
    public GoPipeline Pipeline => pipeline;

    /// <inheritdoc/>
    public override object? Call(GoRendering rendering, object? dot, GoArguments arguments)
    {
        RequireNone(arguments, "an expression in parentheses");
        return pipeline.Evaluate(rendering, dot);
    }
}
