using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>{{ pipeline }}</c>: prints the value, unless it is given to a variable.</summary>
internal sealed class GoAction(int offset, GoPipeline pipeline) : GoNode(offset)
{
    /// <inheritdoc/>
    public override GoPipeline Pipeline => pipeline;

    /// <inheritdoc/>
    protected override Flow Run(GoRendering rendering, object? dot)
    {
        object? value = pipeline.Evaluate(rendering, dot);
        if (pipeline.Variables.Count == 0)
        {
            GoPrinter.Write(rendering, rendering.Output, value);
        }
        return Flow.Next;
    }
}
