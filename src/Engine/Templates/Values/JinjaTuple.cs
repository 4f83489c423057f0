using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's <c>tuple</c>.</summary>
internal class JinjaTuple(params object?[] items) : JinjaSequence
{
    /// <summary>The items; never changed.</summary>
    public object?[] Items => items;

    /// <inheritdoc/>
    public sealed override int Count => items.Length;

    /// <inheritdoc/>
    public sealed override object? this[int index] => items[index];
}

/// <summary>A group of the <c>groupby</c> filter: the pair (grouper, list), whose parts also have these names.</summary>
internal sealed class GroupTuple(object? grouper, JinjaList list) : JinjaTuple(grouper, list), IHasAttributes
{
    /// <inheritdoc/>
    public bool TryGetAttribute(Rendering rendering, string name, out object? value)
    {
        value = name switch { "grouper" => grouper, "list" => list, _ => null };
        return name is "grouper" or "list";
    }
}
