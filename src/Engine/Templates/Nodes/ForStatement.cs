using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{% for target in items if filter recursive %}...{% else %}...{% endfor %}</c></summary>
internal sealed class ForStatement(
    int offset,
    AssignmentTarget target,
    Expression items,
    Expression? filter,
    bool isRecursive,
    Block body,
    Block otherwise) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering) => Loop(rendering, rendering.Scope, items.Evaluate(rendering), depth: 1);

    private Flow Loop(Rendering rendering, Scope outer, object? over, int depth)
    {
        Resume(rendering);
        bool isSized = filter is null && over is not (JinjaGenerator or string);
        LoopContext loop = new(
            Filtered(rendering, outer, Iteration.Over(rendering, over)),
            isSized ? Iteration.Length(rendering, over) : null,
            depth,
            isRecursive ? (inner, level) => Recurse(rendering, outer, inner, level) : null);
        try
        {
            return Iterate(rendering, outer, loop) ? Flow.Next : otherwise.ExecuteScoped(rendering);
        }
        finally
        {
            rendering.Scope = outer;
        }
    }

    /// <summary>Runs the body for each element, each time in a new scope; false if it never ran to its end, as Jinja2 counts for the <c>else</c>.</summary>
    private bool Iterate(Rendering rendering, Scope outer, LoopContext loop)
    {
        bool any = false;
        while (loop.MoveNext(out object? item))
        {
            rendering.ChargeIteration();
            rendering.Scope = new Scope(outer);
            target.Assign(rendering, item);
            rendering.Scope.Set("loop", loop);
            Flow flow = body.Execute(rendering);
            rendering.Scope = outer;
            any |= flow == Flow.Next;
            if (flow == Flow.Break)
            {
                break;
            }
        }
        return any;
    }

    /// <summary>The elements that pass the loop's filter; it is evaluated when an element is asked for, as Jinja2 does.</summary>
    private IEnumerable<object?> Filtered(Rendering rendering, Scope outer, IEnumerable<object?> elements) =>
        filter is null ? elements : elements.Where(item =>
        {
            Scope current = rendering.Scope;
            rendering.Scope = new Scope(outer);
            try
            {
                target.Assign(rendering, item);
                return Truth.Of(filter.Evaluate(rendering));
            }
            finally
            {
                rendering.Scope = current;
            }
        });

    private string Recurse(Rendering rendering, Scope outer, object? inner, int depth)
    {
        (Scope scope, TextBuilder output) = (rendering.Scope, rendering.Output);
        rendering.EnterCall();
        rendering.Scope = outer;
        rendering.Output = new TextBuilder(rendering);
        try
        {
            Loop(rendering, outer, inner, depth);
            return rendering.Output.ToString();
        }
        finally
        {
            (rendering.Scope, rendering.Output) = (scope, output);
            rendering.LeaveCall();
        }
    }
}
