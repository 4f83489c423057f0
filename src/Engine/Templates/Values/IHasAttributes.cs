using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>A value with attributes of its own, such as <c>loop.index</c> or those of a namespace.</summary>
internal interface IHasAttributes
{
    /// <summary>Finds an attribute.</summary>
    bool TryGetAttribute(Rendering rendering, string name, out object? value);
}
