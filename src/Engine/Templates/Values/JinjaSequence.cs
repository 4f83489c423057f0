namespace LocalLlm.Engine.Templates.Values;

/// <summary>Values in an order, found by their number: a list, a tuple or a range.</summary>
internal abstract class JinjaSequence
{
    /// <summary>How many there are.</summary>
    public abstract int Count { get; }

    /// <summary>The value at an index from 0 to <see cref="Count"/> - 1.</summary>
    public abstract object? this[int index] { get; }
}
