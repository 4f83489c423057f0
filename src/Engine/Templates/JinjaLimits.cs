namespace LocalLlm.Engine.Templates;

/// <summary>
/// What a template may use, so that a hostile one ends in a <see cref="JinjaException"/> and nothing worse. Each limit counts over a
/// whole rendering. The defaults leave room for a conversation of millions of characters.
/// </summary>
public sealed record JinjaLimits
{
    /// <summary>The defaults.</summary>
    public static JinjaLimits Default { get; } = new();

    /// <summary>Characters of the template's source.</summary>
    public int SourceLength { get; init; } = 1 << 20;

    /// <summary>How deep statements and expressions may be nested in the source.</summary>
    public int SyntaxDepth { get; init; } = 500;

    /// <summary>Work: one step for each expression and statement evaluated, for each element visited, and for each 64 characters scanned.</summary>
    public long Steps { get; init; } = 10_000_000;

    /// <summary>Passes through the bodies of all <c>for</c> loops together.</summary>
    public long LoopIterations { get; init; } = 1_000_000;

    /// <summary>How deep macros and recursive loops may call each other.</summary>
    public int CallDepth { get; init; } = 100;

    /// <summary>Characters of the rendered text.</summary>
    public int OutputLength { get; init; } = 16 << 20;

    /// <summary>Bytes of all strings and collections made on the way, whether or not they are still in use.</summary>
    public long AllocatedBytes { get; init; } = 256L << 20;
}
