using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Nodes;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>{{template "name" pipeline}}</c>: writes a template that <c>define</c> or <c>block</c> made. It sees the pipeline's value, and no variable of the caller.</summary>
internal sealed class GoTemplateCall(int offset, string name, GoPipeline? pipeline) : GoNode(offset)
{
    /// <inheritdoc/>
    public override GoPipeline? Pipeline => pipeline;

    /// <inheritdoc/>
    protected override Flow Run(GoRendering rendering, object? dot)
    {
        object? value = pipeline is null ? NoValue.Instance : pipeline.Evaluate(rendering, dot);
        rendering.Position = Offset;
        if (!rendering.Templates.TryGetValue(name, out GoSequence? body))
        {
            throw new TemplateError($"the template \"{name}\" is not defined");
        }
        GoVariables caller = rendering.Variables;
        rendering.EnterCall("templates");
        rendering.Variables = new GoVariables(rendering, value);
        try
        {
            body.Execute(rendering, value);
        }
        finally
        {
            rendering.Variables = caller;
            rendering.LeaveCall();
        }
        return Flow.Next;
    }
}
