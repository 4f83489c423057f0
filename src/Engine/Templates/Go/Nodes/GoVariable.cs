using LocalLlm.Engine.Templates.Go.Runtime;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary><c>$x</c>, or <c>$</c> for the data that the template was given.</summary>
internal sealed class GoVariable(int offset, string name) : GoOperand(offset)
{
    /// <summary>The name, with its dollar.</summary>
    public string Name => name;

    /// <inheritdoc/>
    public override object? Call(GoRendering rendering, object? dot, GoArguments arguments)
    {
        RequireNone(arguments, $"the variable {name}");
        return rendering.Variables.Get(name);
    }
}
