namespace LocalLlm.Engine.Templates;

/// <summary>
/// What a template may use, so that a hostile one ends in a <see cref="TemplateException"/> and nothing worse. Each limit counts over a
/// whole rendering. The defaults leave room for a conversation of millions of characters.
/// </summary>
public sealed record TemplateLimits
{
    /// <summary>The defaults.</summary>
    public static TemplateLimits Default { get; } = new();

    /// <summary>Characters of the template's source.</summary>
    public int SourceLength { get; init; } = 1 << 20;

    /// <summary>How deep statements and expressions may be nested in the source.</summary>
    public int SyntaxDepth { get; init; } = 500;

    /// <summary>Work: one step for each expression and statement evaluated, for each element visited, and for each 64 characters scanned.</summary>
    public long Steps { get; init; } = 10_000_000;

    /// <summary>Passes through the bodies of all loops together.</summary>
    public long LoopIterations { get; init; } = 1_000_000;

    /// <summary>How deep macros, recursive loops, and templates in Go's language may call each other.</summary>
    public int CallDepth { get; init; } = 100;

    /// <summary>Characters of the rendered text.</summary>
    public int OutputLength { get; init; } = 16 << 20;

    /// <summary>Bytes of all strings and collections made on the way, whether or not they are still in use.</summary>
    public long AllocatedBytes { get; init; } = 256L << 20;
}
