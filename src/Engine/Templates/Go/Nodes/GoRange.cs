using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Nodes;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>{{range $index, $element := pipeline}}...{{else}}...{{end}}</c>: over a list, over a map in the order of its keys, or over the numbers below one.</summary>
internal sealed class GoRange(int offset, GoPipeline pipeline, GoSequence body, GoSequence? otherwise) : GoNode(offset)
{
    /// <inheritdoc/>
    public override GoPipeline Pipeline => pipeline;

    /// <inheritdoc/>
    public override IEnumerable<GoNode> Children => otherwise is null ? [body] : [body, otherwise];

    /// <summary>The same with another body.</summary>
    public GoRange With(GoSequence newBody, GoSequence? newOtherwise) => new(Offset, pipeline, newBody, newOtherwise);

    /// <inheritdoc/>
    protected override Flow Run(GoRendering rendering, object? dot)
    {
        int mark = rendering.Variables.Mark;
        try
        {
            object? value = pipeline.Evaluate(rendering, dot);
            bool any = false;
            foreach ((object? index, object? element) in Elements(rendering, value))
            {
                any = true;
                rendering.ChargeIteration();
                if (Iterate(rendering, index, element) == Flow.Break)
                {
                    break;
                }
            }
            return any ? Flow.Next : otherwise?.Execute(rendering, dot) ?? Flow.Next;
        }
        finally
        {
            rendering.Variables.Release(mark);
        }
    }

    private Flow Iterate(GoRendering rendering, object? index, object? element)
    {
        // With one variable it is the element; with two, the index comes first.
        if (pipeline.Variables.Count == 1)
        {
            rendering.Variables.Set(pipeline.Variables[0], element);
        }
        else if (pipeline.Variables.Count == 2)
        {
            rendering.Variables.Set(pipeline.Variables[1], element);
            rendering.Variables.Set(pipeline.Variables[0], index);
        }
        int mark = rendering.Variables.Mark;
        Flow flow = body.Execute(rendering, element);
        rendering.Variables.Release(mark);
        return flow;
    }

    private IEnumerable<(object? Index, object? Element)> Elements(GoRendering rendering, object? value)
    {
        rendering.Position = Offset;
        switch (value)
        {
            case NoValue:
                return [];
            case GoList list:
                return list.Items.Select((item, index) => ((object?)(long)index, item));
            case GoMap map:
                rendering.AllocateElements(map.Count);
                return map.Sorted.Select(entry => ((object?)entry.Key, entry.Value));
            case long count:
                return Count(count);
            default:
                throw new TemplateError($"range can't iterate over a value of type {GoTypes.Name(value)}");
        }
    }

    private static IEnumerable<(object? Index, object? Element)> Count(long count)
    {
        for (long i = 0; i < count; i++)
        {
            yield return (i, i);
        }
    }
}
