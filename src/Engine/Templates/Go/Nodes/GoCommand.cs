using LocalLlm.Engine.Templates.Go.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>A function, field or variable with its arguments, or a value alone.</summary>
/// <param name="first">What the command begins with.</param>
/// <param name="arguments">The rest.</param>
internal sealed class GoCommand(GoOperand first, IReadOnlyList<GoOperand> arguments)
{
    /// <summary>All operands, the first included.</summary>
    public IEnumerable<GoOperand> Operands => arguments.Prepend(first);

    /// <summary>Its value.</summary>
    public object? Evaluate(GoRendering rendering, object? dot, bool isPiped, object? piped)
    {
        rendering.Enter(first.Offset);
        return first.Call(rendering, dot, new GoArguments(arguments, isPiped, piped));
    }
}
