namespace LocalLlm.Kernels;

/// <summary>
/// A number of rows that the compiler knows: a kernel is one text for every number, and what a smaller one does not need is never compiled.
/// </summary>
internal interface IRowCount
{
    /// <summary>How many rows.</summary>
    static abstract int Count { get; }
}

/// <summary>1.</summary>
internal readonly struct OneQueryRow : IRowCount
{
    /// <inheritdoc/>
    public static int Count => 1;
}

/// <summary>2.</summary>
internal readonly struct TwoQueryRows : IRowCount
{
    /// <inheritdoc/>
    public static int Count => 2;
}

/// <summary>3.</summary>
internal readonly struct ThreeQueryRows : IRowCount
{
    /// <inheritdoc/>
    public static int Count => 3;
}

/// <summary>4.</summary>
internal readonly struct FourQueryRows : IRowCount
{
    /// <inheritdoc/>
    public static int Count => 4;
}
