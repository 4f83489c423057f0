using LocalLlm.Engine;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>A failure in a runner.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Message">One sentence for the user.</param>
internal sealed record RunnerError(TextEngineErrorKind Kind, string Message)
{
    /// <summary>What the caller is told of an exception: the same sentence as from an engine in the server's own process.</summary>
    public static RunnerError Of(Exception exception) => exception switch
    {
        TextEngineException engine => new(engine.Kind, engine.Message),
        GgufFormatException file => new(TextEngineErrorKind.InvalidModel, file.Message),
        InsufficientMemoryException memory => new(TextEngineErrorKind.InsufficientMemory, memory.Message),
        OutOfMemoryException => new(
            TextEngineErrorKind.Internal, "the model runner ran out of memory: use a smaller model or a smaller num_ctx, or unload other models"),
        _ => new(TextEngineErrorKind.Internal, $"internal error ({exception.GetType().Name}): {exception.Message}"),
    };

    /// <summary>Whether the exception is a fault of this program, whose place must stand in a log: a sentence alone would not lead to it.</summary>
    public static bool IsFault(Exception exception) => exception is not (TextEngineException or GgufFormatException or OutOfMemoryException);

    /// <summary>The exception to throw at the caller.</summary>
    public TextEngineException ToException() => new(Kind, Message);
}
