namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's <c>range</c>: numbers from a start, by a step, made when asked for.</summary>
internal sealed class JinjaRange(long start, long stop, long step, int count) : JinjaSequence
{
    /// <summary>The first number.</summary>
    public long Start => start;

    /// <summary>The bound that isn't reached.</summary>
    public long Stop => stop;

    /// <summary>The distance of neighbours; not 0.</summary>
    public long Step => step;

    /// <inheritdoc/>
    public override int Count => count;

    /// <inheritdoc/>
    public override object? this[int index] => start + (index * step);
}
