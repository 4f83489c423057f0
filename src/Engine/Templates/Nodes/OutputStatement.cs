using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{{ value }}</c></summary>
internal sealed class OutputStatement(Expression value) : Statement(value.Offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        rendering.Output.Append(Reprs.Str(rendering, value.Evaluate(rendering)));
        return Flow.Next;
    }
}
