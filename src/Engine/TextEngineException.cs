namespace LocalLlm.Engine;

/// <summary>What kind of failure a <see cref="TextEngineException"/> reports, so that a caller can choose a status or exit code.</summary>
public enum TextEngineErrorKind
{
    /// <summary>The request is wrong: an option out of range, a template that does not render.</summary>
    InvalidRequest,

    /// <summary>The model cannot do what was asked (embed, chat, call tools).</summary>
    Unsupported,

    /// <summary>The prompt is longer than the context and may not be truncated.</summary>
    ContextOverflow,

    /// <summary>The model's file is missing, broken or of a kind that the engine does not know.</summary>
    InvalidModel,

    /// <summary>The engine failed.</summary>
    Internal,

    /// <summary>The model needs more memory than there is; the message gives the numbers.</summary>
    InsufficientMemory,

    /// <summary>The engine went away, by a crash or because it was unloaded, before the answer was complete: the same request may succeed with a new one.</summary>
    Lost,
}

/// <summary>A failure whose message is one sentence for the user: what was wrong and what to do.</summary>
public sealed class TextEngineException : Exception
{
    /// <summary>Makes the exception.</summary>
    public TextEngineException(TextEngineErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What kind of failure this is.</summary>
    public TextEngineErrorKind Kind { get; }
}
