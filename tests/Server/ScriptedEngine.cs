using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests;

/// <summary>A model that says what a test tells it to, and remembers what it was asked.</summary>
internal sealed class ScriptedEngine : ITextEngine
{
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The pieces of every answer.</summary>
    public IReadOnlyList<string> Pieces { get; init; } = ["Hello", " world"];

    public FinishReason Reason { get; init; } = FinishReason.Stop;

    public GenerationUsage Usage { get; init; } =
        new(11, 3, 2, TimeSpan.Zero, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(7));

    public Truncation? Truncation { get; init; }

    /// <summary>Thrown instead of starting.</summary>
    public Exception? RefusesWith { get; init; }

    /// <summary>Thrown after all pieces, instead of the end.</summary>
    public Exception? BreaksWith { get; init; }

    /// <summary>Awaited before the start event, and before texts are embedded.</summary>
    public Func<CancellationToken, Task> BeforeStart { get; init; } = _ => Task.CompletedTask;

    /// <summary>Awaited before each piece, with its number.</summary>
    public Func<int, CancellationToken, Task> BeforePiece { get; init; } = (_, _) => Task.CompletedTask;

    public Func<EmbeddingRequest, EmbeddingResult> Embed { get; init; } =
        request => new EmbeddingResult([.. Enumerable.Repeat(new[] { 0.6f, -0.8f }, request.Tokens?.Count ?? request.Inputs.Count)], 2 * (request.Tokens?.Count ?? request.Inputs.Count));

    /// <summary>Scores documents; by their length if a test does not say.</summary>
    public Func<RerankRequest, RerankResult> Rerank { get; init; } =
        request => new RerankResult([.. request.Documents.Select(document => document.Length / 10f)], RerankMethod.Similarity, 3 * request.Documents.Count);

    public ConcurrentQueue<GenerationRequest> Requests { get; } = [];

    public ConcurrentQueue<EmbeddingRequest> EmbeddingRequests { get; } = [];

    public ConcurrentQueue<RerankRequest> RerankRequests { get; } = [];

    /// <summary>Ends when a generation saw its cancellation.</summary>
    public Task Cancelled => _cancelled.Task;

    public bool IsDisposed { get; private set; }

    public EngineStatus Status { get; set; } = new();

    /// <summary>Ends it, as a crash of its process would.</summary>
    public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Ended => End.Task;

    public ModelDescription Description { get; init; } = new()
    {
        Architecture = "scripted",
        ParameterCount = 1,
        Quantization = "F32",
        TrainedContextLength = 8192,
        ContextLength = 4096,
        MaxContextLength = 8192,
        EmbeddingLength = 2,
        Capabilities = ModelCapabilities.Completion | ModelCapabilities.Embedding,
        MemoryBytes = 12345,
    };

    /// <summary>The one request that came.</summary>
    public GenerationRequest OnlyRequest => Assert.Single(Requests);

    public ScriptedEngine With(ModelCapabilities capabilities) =>
        new() { Description = Description with { Capabilities = capabilities }, Pieces = Pieces };

    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Requests.Enqueue(request);
        if (RefusesWith is not null)
        {
            throw RefusesWith;
        }
        await BeforeStart(cancellationToken);
        using CancellationTokenRegistration registration = cancellationToken.Register(() => _cancelled.TrySetResult());
        yield return new GenerationStarted(Usage.PromptTokens, Usage.CachedTokens, Truncation);
        for (int piece = 0; piece < Pieces.Count; piece++)
        {
            try
            {
                await BeforePiece(piece, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                _cancelled.TrySetResult(); // the registration may go before its turn comes
                throw;
            }
            cancellationToken.ThrowIfCancellationRequested();
            yield return new TextDelta(Pieces[piece], request.LogProbabilities ? [EntryOf(Pieces[piece], request.TopLogProbabilities)] : []);
        }
        if (BreaksWith is not null)
        {
            throw BreaksWith;
        }
        yield return new GenerationFinished(Reason, Usage, Truncation, [1, 2, 3]);
    }

    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        EmbeddingRequests.Enqueue(request);
        if (RefusesWith is not null)
        {
            throw RefusesWith;
        }
        await BeforeStart(cancellationToken);
        return Embed(request);
    }

    public async Task<RerankResult> RerankAsync(RerankRequest request, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        RerankRequests.Enqueue(request);
        if (RefusesWith is not null)
        {
            throw RefusesWith;
        }
        await BeforeStart(cancellationToken);
        return Rerank(request);
    }

    public ValueTask<string> RenderAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(request.Prompt ?? string.Concat(request.Messages!.Select(message => $"<{message.Role}>{message.Content}")));

    public ValueTask<int[]> TokenizeAsync(string text, bool addSpecial, bool parseSpecial, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public ValueTask<string> DetokenizeAsync(IReadOnlyList<int> tokens, CancellationToken cancellationToken = default) =>
        tokens.Any(token => token is < 0 or > 99)
            ? throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "a token is not in this model's vocabulary")
            : new(string.Join(' ', tokens.Select(token => $"t{token}")));

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        End.TrySetResult();
        return ValueTask.CompletedTask;
    }

    private static TokenLogProbability EntryOf(string text, int top)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        TokenLogProbability entry = new(7, text, bytes, -0.25f, []);
        return entry with { Top = [.. Enumerable.Range(0, top).Select(rank => entry with { Token = rank, LogProbability = -0.25f - rank })] };
    }
}
