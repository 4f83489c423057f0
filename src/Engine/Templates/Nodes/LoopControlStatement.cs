using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{% break %}</c> or <c>{% continue %}</c></summary>
internal sealed class LoopControlStatement(int offset, Flow flow) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering) => flow;
}
