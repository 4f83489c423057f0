namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>What a built-in does.</summary>
/// <param name="rendering">The rendering that it works for.</param>
/// <param name="self">What it is applied to: the value before a filter or test, the owner of a method; null for a global function.</param>
/// <param name="arguments">Its arguments.</param>
internal delegate object? BuiltInBody(Rendering rendering, object? self, BoundArguments arguments);

/// <summary>A filter, a test, a method or a global function: a name, parameters and what it does.</summary>
internal sealed class BuiltIn(string name, string signature, BuiltInBody body)
{
    private readonly Signature _signature = Signature.Of(signature);

    /// <summary>Its name in templates.</summary>
    public string Name => name;

    /// <summary>Applies it.</summary>
    public object? Invoke(Rendering rendering, object? self, Arguments arguments)
    {
        object?[] values = _signature.TakesAny ? [] : _signature.Bind(name, arguments);
        return body(rendering, self, new BoundArguments(name, values, arguments));
    }
}
