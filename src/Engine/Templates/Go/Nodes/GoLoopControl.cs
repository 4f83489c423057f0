using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>{{break}}</c> or <c>{{continue}}</c>.</summary>
internal sealed class GoLoopControl(int offset, Flow flow) : GoNode(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(GoRendering rendering, object? dot) => flow;
}
