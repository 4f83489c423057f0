namespace LocalLlm.Gguf;

/// <summary>
/// What a file may claim before it is refused. A file is hostile until measured: every count and length is held against these limits
/// and against the bytes that the file really has before anything is allocated for it. The defaults leave an order of magnitude above
/// what published models use.
/// </summary>
public sealed record GgufLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static GgufLimits Default { get; } = new();

    /// <summary>Metadata keys in one file.</summary>
    public int MaxKeys { get; init; } = 65_536;

    /// <summary>Tensors in one file.</summary>
    public int MaxTensors { get; init; } = 262_144;

    /// <summary>Bytes of one metadata key; 65,535 is the format's own limit.</summary>
    public int MaxKeyBytes { get; init; } = 65_535;

    /// <summary>Bytes of one tensor name. The format says 64; files of converters outside the language-model world exceed it.</summary>
    public int MaxNameBytes { get; init; } = 1_024;

    /// <summary>Bytes of one string value; some files carry a whole tokenizer definition as one string.</summary>
    public int MaxStringBytes { get; init; } = 128 << 20;

    /// <summary>Elements of one array; a vocabulary has some hundred thousand.</summary>
    public int MaxArrayLength { get; init; } = 32 << 20;

    /// <summary>How deep arrays may be nested; 1 allows plain arrays only.</summary>
    public int MaxArrayDepth { get; init; } = 4;

    /// <summary>Bytes of all the metadata of one file.</summary>
    public int MaxMetadataBytes { get; init; } = 512 << 20;

    /// <summary>The largest <c>general.alignment</c>.</summary>
    public int MaxAlignment { get; init; } = 65_536;

    /// <summary>Parts of a split file.</summary>
    public int MaxParts { get; init; } = 1_024;
}
