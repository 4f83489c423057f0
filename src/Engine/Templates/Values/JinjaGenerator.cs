namespace LocalLlm.Engine.Templates.Values;

/// <summary>
/// Values that are made while they are taken, and only once: what <c>map</c>, <c>select</c> and their like give. As in Python one is
/// always true, has no length, and is empty the second time.
/// </summary>
internal sealed class JinjaGenerator(IEnumerable<object?> items)
{
    /// <summary>The values not taken yet.</summary>
    public IEnumerator<object?> Items { get; } = items.GetEnumerator();
}
