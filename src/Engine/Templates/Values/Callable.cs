using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>A value that can be called: a function, a method of a value, a macro.</summary>
internal abstract class Callable
{
    /// <summary>Calls it.</summary>
    public abstract object? Call(Rendering rendering, Arguments arguments);
}

/// <summary>A built-in bound to what it works on: a method of a value, or a global function (bound to nothing).</summary>
internal sealed class BoundBuiltIn(BuiltIn builtIn, object? self) : Callable
{
    /// <inheritdoc/>
    public override object? Call(Rendering rendering, Arguments arguments) => builtIn.Invoke(rendering, self, arguments);
}
