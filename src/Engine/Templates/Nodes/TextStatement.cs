using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>Text between tags, written as it is.</summary>
internal sealed class TextStatement(int offset, string text) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        rendering.Output.Append(text);
        return Flow.Next;
    }
}
