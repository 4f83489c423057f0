namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>Go's order of strings, by their bytes in UTF-8, which is the order of their code points.</summary>
internal sealed class GoTextOrder : IComparer<string>
{
    /// <summary>The only one.</summary>
    public static GoTextOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        int common = x.AsSpan().CommonPrefixLength(y);
        bool differ = common < x!.Length && common < y!.Length;
        // Code units are in the order of code points, but for surrogates, which stand for those beyond U+FFFF.
        return differ && char.IsSurrogate(x[common]) != char.IsSurrogate(y![common])
            ? char.IsSurrogate(x[common]) ? 1 : -1
            : string.CompareOrdinal(x, common, y, common, int.MaxValue);
    }
}
