using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Reranking;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Encoders;

/// <summary>An encoder in this process: it embeds, or ranks if it is a cross-encoder, all requests together, and generates nothing.</summary>
public sealed class EncoderEngine : ITextEngine
{
    private readonly EncoderModel _model;
    private readonly MemoryPlan _plan;
    private readonly EmbeddingInputs _inputs;
    private readonly EncoderScheduler _scheduler;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    /// <summary>Takes over a loaded model and disposes it at the end.</summary>
    /// <exception cref="TextEngineException">It is a cross-encoder without the tokens that a pair of texts needs; it is disposed.</exception>
    public EncoderEngine(EncoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        RequireMarks();
        _plan = MemoryPlan.For(model.Config, model.File.FileBytes, model.Options, SystemMemory.AvailableBytes);
        _inputs = new EmbeddingInputs(model.Tokenizer, _plan);
        _scheduler = new EncoderScheduler(model);
        Description = new ModelDescription
        {
            Architecture = model.Config.Architecture,
            ParameterCount = model.File.Tensors.Sum(tensor => tensor.ElementCount),
            Quantization = QuantizationName.Of(model.File),
            TrainedContextLength = model.Config.ContextLength,
            ContextLength = _plan.ContextLength,
            MaxContextLength = _plan.MaxContextLength,
            EmbeddingLength = model.Config.EmbeddingLength,
            Capabilities = Ranks ? ModelCapabilities.Rerank : ModelCapabilities.Embedding,
            MemoryBytes = _plan.WeightBytes + _plan.BufferBytes,
        };
    }

    /// <summary>The model.</summary>
    public EncoderModel Model => _model;

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public EngineStatus Status => _scheduler.Status;

    /// <inheritdoc/>
    public Task Ended => _ended.Task;

    private bool Ranks => _model.Config.PoolingType == PoolingType.Rank;

    /// <summary>Always refused.</summary>
    public IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default) => throw NoText();

    /// <inheritdoc/>
    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default)
    {
        if (Ranks)
        {
            throw RankingChoice.Unsupported(RerankMethod.Similarity);
        }
        RefuseEarly(request, cancellationToken);
        (float[][] vectors, int tokens) = await RunAsync(EmbeddingInputs.Count(request), number => _inputs.Tokenize(request, number), cancellationToken).ConfigureAwait(false);
        return new EmbeddingResult([.. vectors.Select(vector => EmbeddingPooling.Cut(vector, request.Dimensions))], tokens);
    }

    /// <inheritdoc/>
    public async Task<RerankResult> RerankAsync(RerankRequest request, CancellationToken cancellationToken = default) =>
        await (RankingChoice.Of(request, Ranks ? RerankMethod.CrossEncoder : RerankMethod.Similarity) switch
        {
            RerankMethod.CrossEncoder when Ranks => RankPairsAsync(request, cancellationToken),
            RerankMethod.Similarity => SimilarityRanking.RankAsync(this, _model.Tokenizer, request, cancellationToken),
            RerankMethod other => throw RankingChoice.Unsupported(other),
        }).ConfigureAwait(false);

    /// <summary>A bare prompt as it is; an encoder has no template for messages.</summary>
    public ValueTask<string> RenderAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        request.Messages is null ? new(request.Prompt ?? "") : throw NoText();

    /// <inheritdoc/>
    public ValueTask<int[]> TokenizeAsync(string text, bool addSpecial, bool parseSpecial, CancellationToken cancellationToken = default) =>
        new(_model.Tokenizer.Encode(text, addSpecial, parseSpecial));

    /// <inheritdoc/>
    public ValueTask<string> DetokenizeAsync(IReadOnlyList<int> tokens, CancellationToken cancellationToken = default) =>
        new(_model.Tokenizer.Decode([.. tokens]));

    /// <summary>Ends the requests under way with <see cref="TextEngineErrorKind.Lost"/>, then frees the model.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await Task.Run(_scheduler.Dispose).ConfigureAwait(false);
            _model.Dispose();
            _ended.TrySetResult();
        }
        await _ended.Task.ConfigureAwait(false);
    }

    private void RequireMarks()
    {
        try
        {
            _ = Ranks ? PairPrompt.Marks(_model.Tokenizer) : default;
        }
        catch
        {
            _model.Dispose();
            throw;
        }
    }

    private async Task<RerankResult> RankPairsAsync(RerankRequest request, CancellationToken cancellationToken)
    {
        PairPrompt pairs = new(_model.Tokenizer, request, Math.Min(request.ContextLength ?? _plan.ContextLength, _plan.MaxContextLength));
        (float[][] logits, int tokens) = await RunAsync(request.Documents.Count, pairs.Tokens, cancellationToken).ConfigureAwait(false);
        return new RerankResult([.. logits.Select(logit => RankingChoice.Score(logit[0]))], RerankMethod.CrossEncoder, tokens);
    }

    /// <summary>Looks for what the request is refused for before anything of it is computed: making tokens takes a hundredth of the time.</summary>
    private void RefuseEarly(EmbeddingRequest request, CancellationToken cancellationToken)
    {
        int count = !request.Truncate || request.Tokens is not null ? EmbeddingInputs.Count(request) : 0;
        for (int number = 0; number < count; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _inputs.Tokenize(request, number);
        }
    }

    /// <summary>Has texts evaluated among those of all requests.</summary>
    private async Task<(float[][] Results, int Tokens)> RunAsync(int count, Func<int, int[]> tokens, CancellationToken cancellationToken)
    {
        if (count == 0)
        {
            return ([], 0);
        }
        cancellationToken.ThrowIfCancellationRequested();
        EncoderRequest texts = new(count, tokens, _model.Config.ContextLength);
        _scheduler.Add(texts);
        try
        {
            return (await texts.Results.WaitAsync(cancellationToken).ConfigureAwait(false), texts.TokenCount);
        }
        finally
        {
            _scheduler.Remove(texts);
        }
    }

    private static TextEngineException NoText() => new(TextEngineErrorKind.Unsupported, "This model does not support text generation.");
}
