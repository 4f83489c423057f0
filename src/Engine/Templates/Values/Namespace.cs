using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>What <c>namespace()</c> gives: named values that inner scopes can set (<c>{% set ns.x = 1 %}</c>).</summary>
internal sealed class Namespace(JinjaDict attributes) : IHasAttributes
{
    /// <summary>The attributes by name.</summary>
    public JinjaDict Attributes => attributes;

    /// <inheritdoc/>
    public bool TryGetAttribute(Rendering rendering, string name, out object? value) => attributes.TryGet(rendering, name, out value);

    /// <summary>Sets an attribute.</summary>
    public void Set(Rendering rendering, string name, object? value) => attributes.Set(rendering, name, value);
}
