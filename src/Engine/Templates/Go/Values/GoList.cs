namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>A slice.</summary>
internal sealed class GoList(IReadOnlyList<object?> items, GoPrinting printing = GoPrinting.Plain)
{
    /// <summary>The elements.</summary>
    public IReadOnlyList<object?> Items => items;

    /// <summary>Whether there is no list at all, which matters to JSON only.</summary>
    public bool IsNil { get; init; }

    /// <summary>How it prints.</summary>
    public GoPrinting Printing => printing;
}
