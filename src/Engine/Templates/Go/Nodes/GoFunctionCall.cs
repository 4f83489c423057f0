using LocalLlm.Engine.Templates.Go.Library;
using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>A function with its arguments. <c>and</c> and <c>or</c> evaluate no more of them than they need.</summary>
internal sealed class GoFunctionCall(int offset, GoFunction function) : GoOperand(offset)
{
    /// <inheritdoc/>
    public override object? Call(GoRendering rendering, object? dot, GoArguments arguments)
    {
        function.CheckCount(arguments.Count);
        if (function.StopsAt is { } decisive)
        {
            return Decide(rendering, dot, arguments, decisive);
        }
        object?[] values = new object?[arguments.Count];
        for (int i = 0; i < arguments.Operands.Count; i++)
        {
            values[i] = Plain(arguments.Operands[i].Evaluate(rendering, dot));
        }
        if (arguments.IsPiped)
        {
            values[^1] = Plain(arguments.Piped);
        }
        rendering.Position = Offset;
        return function.Invoke(rendering, values);
    }

    private static object? Decide(GoRendering rendering, object? dot, GoArguments arguments, bool decisive)
    {
        object? value = null;
        foreach (GoOperand operand in arguments.Operands)
        {
            value = Plain(operand.Evaluate(rendering, dot));
            if (GoTruth.Of(value) == decisive)
            {
                return value;
            }
        }
        return arguments.IsPiped ? Plain(arguments.Piped) : value;
    }

    /// <summary>Functions get nil for no value.</summary>
    private static object? Plain(object? value) => value is NoValue ? null : value;
}
