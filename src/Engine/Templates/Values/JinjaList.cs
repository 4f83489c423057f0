namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's <c>list</c>.</summary>
internal sealed class JinjaList(List<object?> items) : JinjaSequence
{
    /// <summary>The items; whoever adds some charges them first.</summary>
    public List<object?> Items => items;

    /// <inheritdoc/>
    public override int Count => items.Count;

    /// <inheritdoc/>
    public override object? this[int index] => items[index];
}
