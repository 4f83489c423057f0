namespace LocalLlm.Engine;

/// <summary>
/// A model that answers: the seam between the engine and whoever serves it. Callers pass messages or text with options, never
/// token ids; the engine owns the template, truncation, tokens, stop rules and sampling. Implementations are safe to call from many threads.
/// </summary>
public interface ITextEngine : IAsyncDisposable
{
    /// <summary>What the loaded model is and can do.</summary>
    ModelDescription Description { get; }

    /// <summary>What the engine is doing, as far as is known here; cheap, and never waits.</summary>
    EngineStatus Status { get; }

    /// <summary>
    /// Completes, never with an exception, when the engine will answer no more: it was disposed, or the process that it ran in ended. What it was
    /// asked and had not answered fails with <see cref="TextEngineErrorKind.Lost"/>.
    /// </summary>
    Task Ended { get; }

    /// <summary>
    /// Generates text. The first event is <see cref="GenerationStarted"/> (all errors of the request itself are thrown before it, as
    /// <see cref="TextEngineException"/>), then come <see cref="TextDelta"/>s, and exactly one <see cref="GenerationFinished"/> ends the stream.
    /// </summary>
    /// <param name="request">Messages or a prompt, with options.</param>
    /// <param name="cancellationToken">Stops the generation within one step; the enumeration then ends with <see cref="OperationCanceledException"/>.</param>
    IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default);

    /// <summary>Embeds texts; vectors are L2-normalised and in the order of the inputs. All fail if one fails.</summary>
    /// <exception cref="TextEngineException">An input is too long and truncation is off, or the model gave a vector that is not finite.</exception>
    Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default);

    /// <summary>Scores documents for a query, in their order; the same bits alone and beside others. All fail if one fails.</summary>
    /// <exception cref="TextEngineException">A text is too long and truncation is off, or the model cannot score as asked.</exception>
    Task<RerankResult> RerankAsync(RerankRequest request, CancellationToken cancellationToken = default);

    /// <summary>The text that the model's chat template makes of the request's messages (or the prompt itself).</summary>
    ValueTask<string> RenderAsync(GenerationRequest request, CancellationToken cancellationToken = default);

    /// <summary>Token ids of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecial">Adds the model's begin or end tokens where its metadata asks for them.</param>
    /// <param name="parseSpecial">Reads special tokens written in the text (such as <c>&lt;|im_end|&gt;</c>) as those tokens.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<int[]> TokenizeAsync(string text, bool addSpecial, bool parseSpecial, CancellationToken cancellationToken = default);

    /// <summary>Text of token ids; incomplete UTF-8 becomes U+FFFD.</summary>
    ValueTask<string> DetokenizeAsync(IReadOnlyList<int> tokens, CancellationToken cancellationToken = default);
}
