using System.Runtime.CompilerServices;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners;

/// <summary>The calls of an engine behind a runner's socket. Safe for many threads.</summary>
/// <param name="socket">Path of the socket.</param>
/// <param name="lost">Awaited when the runner breaks a call off; gives what to throw.</param>
/// <param name="gone">Breaks all calls off.</param>
internal sealed class RunnerClient(string socket, Func<Task<TextEngineException>> lost, CancellationToken gone)
{
    private readonly Lock _lock = new();
    private RunnerLink? _link;      // guarded by _lock; made with the first call

    /// <summary>As <see cref="ITextEngine.GenerateAsync"/>.</summary>
    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using RunnerExchange exchange = await OpenAsync(new RunnerCall { Generate = request }, cancellationToken).ConfigureAwait(false);
        GenerationEvent item;
        do
        {
            item = (await ReadAsync(exchange, cancellationToken).ConfigureAwait(false)).Event ?? throw Unexpected();
            yield return item;
        }
        while (item is not GenerationFinished);
    }

    /// <summary>As <see cref="ITextEngine.EmbedAsync"/>.</summary>
    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken)
    {
        using RunnerExchange exchange = await OpenAsync(new RunnerCall { Embed = request }, cancellationToken).ConfigureAwait(false);
        List<float[]> vectors = [];
        while (true)
        {
            RunnerAnswer answer = await ReadAsync(exchange, cancellationToken).ConfigureAwait(false);
            if (answer.Embedding is { } last)
            {
                vectors.AddRange(last.Vectors);
                return last with { Vectors = vectors };
            }
            vectors.AddRange(answer.Vectors ?? throw Unexpected());
        }
    }

    /// <summary>As <see cref="ITextEngine.RerankAsync"/>.</summary>
    public async Task<RerankResult> RerankAsync(RerankRequest request, CancellationToken cancellationToken) =>
        (await AskAsync(new RunnerCall { Rerank = request }, cancellationToken).ConfigureAwait(false)).Ranking ?? throw Unexpected();

    /// <summary>As <see cref="ITextEngine.RenderAsync"/>.</summary>
    public async ValueTask<string> RenderAsync(GenerationRequest request, CancellationToken cancellationToken) =>
        (await AskAsync(new RunnerCall { Render = request }, cancellationToken).ConfigureAwait(false)).Text ?? throw Unexpected();

    /// <summary>As <see cref="ITextEngine.TokenizeAsync"/>.</summary>
    public async ValueTask<int[]> TokenizeAsync(string text, bool addSpecial, bool parseSpecial, CancellationToken cancellationToken) =>
        (await AskAsync(new RunnerCall { Tokenize = new TokenizeCall(text, addSpecial, parseSpecial) }, cancellationToken).ConfigureAwait(false)).Tokens
        ?? throw Unexpected();

    /// <summary>As <see cref="ITextEngine.DetokenizeAsync"/>.</summary>
    public async ValueTask<string> DetokenizeAsync(IReadOnlyList<int> tokens, CancellationToken cancellationToken) =>
        (await AskAsync(new RunnerCall { Detokenize = tokens }, cancellationToken).ConfigureAwait(false)).Text ?? throw Unexpected();

    private async Task<RunnerAnswer> AskAsync(RunnerCall call, CancellationToken cancellationToken)
    {
        using RunnerExchange exchange = await OpenAsync(call, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(exchange, cancellationToken).ConfigureAwait(false);
    }

    private async Task<RunnerExchange> OpenAsync(RunnerCall call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Link()?.Open(call, cancellationToken) ?? throw await lost().ConfigureAwait(false);
    }

    /// <summary>The connection; null if nobody is there any more.</summary>
    private RunnerLink? Link()
    {
        lock (_lock)
        {
            if (gone.IsCancellationRequested)
            {
                return null;
            }
            if (_link is null && (_link = RunnerLink.Connect(socket)) is not null)
            {
                gone.UnsafeRegister(static link => ((RunnerLink)link!).Close(), _link);
            }
            return _link;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RunnerAnswer> ReadAsync(RunnerExchange exchange, CancellationToken cancellationToken)
    {
        RunnerAnswer answer = await exchange.ReadAsync().ConfigureAwait(false) ?? throw await BrokenAsync(cancellationToken).ConfigureAwait(false);
        return answer.Error is null ? answer : throw answer.Error.ToException();
    }

    /// <summary>An exchange broke off: because its caller wanted it, or because the runner is gone.</summary>
    private async Task<Exception> BrokenAsync(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested
        ? new OperationCanceledException(cancellationToken)
        : await lost().ConfigureAwait(false);

    private static JsonException Unexpected() => new("The runner answered with something else than was asked for.");
}
