using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>{{if pipeline}}...{{else}}...{{end}}</c>, and <c>{{with pipeline}}</c>, whose body sees the value as dot.</summary>
internal sealed class GoIf(int offset, bool isWith, GoPipeline pipeline, GoSequence body, GoSequence? otherwise) : GoNode(offset)
{
    /// <inheritdoc/>
    public override GoPipeline Pipeline => pipeline;

    /// <inheritdoc/>
    public override IEnumerable<GoNode> Children => otherwise is null ? [body] : [body, otherwise];

    /// <summary>The same with another body.</summary>
    public GoIf With(GoSequence newBody, GoSequence? newOtherwise) => new(Offset, isWith, pipeline, newBody, newOtherwise);

    /// <inheritdoc/>
    protected override Flow Run(GoRendering rendering, object? dot)
    {
        int mark = rendering.Variables.Mark;
        try
        {
            object? value = pipeline.Evaluate(rendering, dot);
            return GoTruth.Of(value) ? body.Execute(rendering, isWith ? value : dot) : otherwise?.Execute(rendering, dot) ?? Flow.Next;
        }
        finally
        {
            rendering.Variables.Release(mark);
        }
    }
}
