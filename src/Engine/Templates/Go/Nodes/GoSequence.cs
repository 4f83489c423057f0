using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>Nodes one after the other.</summary>
internal sealed class GoSequence(int offset, IReadOnlyList<GoNode> nodes) : GoNode(offset)
{
    /// <summary>Whether it writes nothing but white space, and does nothing else.</summary>
    public bool IsEmpty => nodes.All(node => node is GoText text && string.IsNullOrWhiteSpace(text.Text));

    /// <inheritdoc/>
    public override IEnumerable<GoNode> Children => nodes;

    /// <inheritdoc/>
    protected override Flow Run(GoRendering rendering, object? dot)
    {
        foreach (GoNode node in nodes)
        {
            Flow flow = node.Execute(rendering, dot);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }
        return Flow.Next;
    }
}
