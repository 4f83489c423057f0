using System.Runtime.CompilerServices;
using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Reranking;
using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Scheduling;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine;

/// <summary>The engine in this process: all requests share one running batch, one cache of keys and values, and one thread that drives the kernels.</summary>
public sealed class TextEngine : ITextEngine
{
    private readonly LanguageModel _model;
    private readonly MemoryPlan _plan;
    private readonly PromptFitting _prompts;
    private readonly EmbeddingInputs _inputs;
    private readonly Scheduler _scheduler;
    private readonly YesNoRanking _ranking;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    /// <summary>Takes over a loaded model and disposes it at the end.</summary>
    /// <exception cref="InsufficientMemoryException">The system will not give the memory for keys and values; the model is disposed.</exception>
    public TextEngine(LanguageModel model)
    {
        try
        {
            _model = model;
            _plan = MemoryPlan.For(model.Config, model.File.FileBytes, model.Options, SystemMemory.AvailableBytes, model.AdapterBytes);
            _prompts = new PromptFitting(model, _plan);
            _inputs = new EmbeddingInputs(model.Tokenizer, _plan);
            _scheduler = new Scheduler(model, _plan.CacheBytes);
            _ranking = new YesNoRanking(model, _plan, _scheduler);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The model.</summary>
    public LanguageModel Model => _model;

    /// <inheritdoc/>
    public ModelDescription Description => _model.Description with
    {
        ContextLength = _plan.ContextLength,
        MaxContextLength = _plan.MaxContextLength,
        MemoryBytes = _plan.WeightBytes + _plan.BufferBytes + _scheduler.TouchedCacheBytes,
    };

    /// <inheritdoc/>
    public EngineStatus Status => _scheduler.Status;

    /// <inheritdoc/>
    public Task Ended => _ended.Task;

    /// <summary>Replaces the sampler of every generation, for measurements that need given tokens; null for the request's own.</summary>
    internal Func<GenerationRequest, ITokenChooser>? Chooser { get; init; }

    /// <inheritdoc/>
    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (!_model.Description.Capabilities.HasFlag(ModelCapabilities.Completion))
        {
            throw new TextEngineException(TextEngineErrorKind.Unsupported, "This model does not support text generation.");
        }
        ITokenChooser chooser = Chooser?.Invoke(request) ?? new SampledTokens(new Sampler(request.Sampling, _model.Tokenizer.VocabularySize));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sequence = new GenerationSequence(_model, request, _prompts.Fit(request), chooser, _scheduler.Counters, stop.Token);
        _scheduler.Add(sequence);
        try
        {
            await foreach (GenerationEvent item in sequence.Events.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return item;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            _scheduler.Wake();
        }
    }

    /// <inheritdoc/>
    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default)
    {
        if (_model.Config.PoolingType == PoolingType.Rank)
        {
            throw RankingChoice.Unsupported(RerankMethod.Similarity);
        }
        List<int[]> inputs = [.. Enumerable.Range(0, EmbeddingInputs.Count(request)).Select(number => _inputs.Tokenize(request, number))];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        EmbeddingSequence[] sequences =
        [
            .. inputs.Select(tokens => new EmbeddingSequence(request.Client, tokens, _model.Config.VectorPooling, _model.Config.EmbeddingLength, stop.Token)),
        ];
        foreach (EmbeddingSequence sequence in sequences)
        {
            _scheduler.Add(sequence);
        }
        try
        {
            float[][] vectors = await Task.WhenAll(sequences.Select(sequence => sequence.Vector)).WaitAsync(cancellationToken).ConfigureAwait(false);
            return new EmbeddingResult([.. vectors.Select(vector => EmbeddingPooling.Cut(vector, request.Dimensions))], inputs.Sum(tokens => tokens.Length));
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            _scheduler.Wake();
        }
    }

    /// <inheritdoc/>
    public async Task<RerankResult> RerankAsync(RerankRequest request, CancellationToken cancellationToken = default) =>
        await (RankingChoice.Of(request, _ranking.IsNatural ? RerankMethod.YesNo : RerankMethod.Similarity) switch
        {
            RerankMethod.YesNo => _ranking.RankAsync(request, cancellationToken),
            RerankMethod.Similarity => SimilarityRanking.RankAsync(this, _model.Tokenizer, request, cancellationToken),
            RerankMethod other => throw RankingChoice.Unsupported(other),
        }).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<string> RenderAsync(GenerationRequest request, CancellationToken cancellationToken = default) => new(_prompts.Render(request));

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
}
