using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>A part of a command that has a value.</summary>
/// <param name="offset">Where an error in it is reported.</param>
internal abstract class GoOperand(int offset)
{
    /// <summary>Where an error in it is reported.</summary>
    public int Offset => offset;

    /// <summary>The value as an argument of a command.</summary>
    public object? Evaluate(GoRendering rendering, object? dot)
    {
        rendering.Enter(offset);
        object? value = Call(rendering, dot, GoArguments.None);
        rendering.Position = offset;
        return value;
    }

    /// <summary>The value at the head of a command, with what follows; only functions and methods take something.</summary>
    public abstract object? Call(GoRendering rendering, object? dot, GoArguments arguments);

    /// <summary>Refuses arguments.</summary>
    protected static void RequireNone(GoArguments arguments, string what)
    {
        if (arguments.Count > 0)
        {
            throw new TemplateError($"{what} is no function and can't be given arguments");
        }
    }
}
