using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>Text between actions.</summary>
internal sealed class GoText(int offset, string text) : GoNode(offset)
{
    /// <summary>The text.</summary>
    public string Text => text;

    /// <inheritdoc/>
    protected override Flow Run(GoRendering rendering, object? dot)
    {
        rendering.Output.Append(text);
        return Flow.Next;
    }
}
