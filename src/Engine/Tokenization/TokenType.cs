namespace LocalLlm.Engine.Tokenization;

/// <summary>What a token of the vocabulary is, numbered as <c>tokenizer.ggml.token_type</c> does.</summary>
internal enum TokenType
{
    /// <summary>A piece of ordinary text.</summary>
    Normal = 1,

    /// <summary>Stands for text that the vocabulary cannot spell.</summary>
    Unknown = 2,

    /// <summary>Steers the model (begin of text, end of turn) and has no text of its own.</summary>
    Control = 3,

    /// <summary>A piece of text that was added to the vocabulary and is always taken whole.</summary>
    UserDefined = 4,

    /// <summary>A place in the table that no text reaches.</summary>
    Unused = 5,

    /// <summary>One byte, spelled <c>&lt;0x0A&gt;</c>; what SentencePiece falls back to.</summary>
    Byte = 6,
}
