using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>f(a, b)</c></summary>
internal sealed class CallExpression(int offset, Expression function, ArgumentList arguments) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering) => Call(rendering, caller: null);

    /// <summary>Calls it, with the body of a <c>call</c> block as its <c>caller</c>.</summary>
    public object? Call(Rendering rendering, Macro? caller)
    {
        object? value = function.Evaluate(rendering);
        Arguments evaluated = arguments.Evaluate(rendering);
        if (caller is not null)
        {
            evaluated = evaluated with { Named = [.. evaluated.Named, KeyValuePair.Create("caller", (object?)caller)] };
        }
        Resume(rendering);
        Undefined.Refuse(value);
        return value is Callable callable
            ? callable.Call(rendering, evaluated)
            : throw new TemplateError($"a value of type '{TypeNames.Of(value)}' can't be called");
    }
}
