using LocalLlm.Engine;
using LocalLlm.Gguf;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http;

/// <summary>What a client is told of an exception.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Message">One sentence.</param>
internal readonly record struct Failure(int Status, string Message)
{
    /// <summary>The client has gone and nobody will read the answer; the log shows it (nginx's number, which Ollama uses too).</summary>
    public const int ClientClosedRequest = 499;

    /// <summary>Whether the same request may succeed in a moment.</summary>
    public bool IsBusy { get; init; }

    /// <summary>Whether the fault lies with the server, so that its log must say more than the client is told. Being busy or about to end is none, and no registry's fault is.</summary>
    public bool IsServerFault => Status is >= StatusCodes.Status500InternalServerError and not (StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable);

    /// <summary>Status and sentence of an exception that a handler let through.</summary>
    public static Failure Of(Exception exception) => exception switch
    {
        RequestException request => new(request.Status, request.Message) { IsBusy = request.IsBusy },
        TextEngineException engine => new(StatusOf(engine.Kind), engine.Message),
        StoreException store => new(StatusOf(store.Kind), store.Message),
        RegistryException registry => new(registry.IsNotFound ? StatusCodes.Status404NotFound : StatusCodes.Status502BadGateway, registry.Message),
        GgufFormatException file => new(StatusCodes.Status500InternalServerError, file.Message),
        BadHttpRequestException http => new(http.StatusCode, http.Message),
        OperationCanceledException => new(StatusCodes.Status503ServiceUnavailable, "the server is shutting down"),
        OutOfMemoryException => new(
            StatusCodes.Status500InternalServerError,
            "the server ran out of memory: use a smaller model or a smaller num_ctx, or unload other models"),
        _ => new(StatusCodes.Status500InternalServerError, $"internal error ({exception.GetType().Name}): {exception.Message}"),
    };

    private static int StatusOf(StoreErrorKind kind) => kind switch
    {
        StoreErrorKind.DigestMismatch => StatusCodes.Status400BadRequest,
        StoreErrorKind.ReadOnly => StatusCodes.Status403Forbidden,
        StoreErrorKind.InUse => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static int StatusOf(TextEngineErrorKind kind) => kind switch
    {
        TextEngineErrorKind.InvalidRequest or TextEngineErrorKind.Unsupported or TextEngineErrorKind.ContextOverflow =>
            StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status500InternalServerError,
    };
}
