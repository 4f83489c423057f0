using System.Runtime.CompilerServices;
using System.Threading.Channels;
using LocalLlm.Engine.Generation;

namespace LocalLlm.Engine;

/// <summary>
/// The engine in this process: one request computes at a time, on a thread of its own; the others wait in the order in which they came.
/// </summary>
public sealed class TextEngine : ITextEngine
{
    private readonly LanguageModel _model;
    private readonly PromptFitting _prompts;
    private readonly SemaphoreSlim _turn = new(1, 1);      // waiters are served first in, first out
    private SequenceDecoder? _decoder;                     // guarded by _turn
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    /// <summary>Takes over a loaded model and disposes it at the end.</summary>
    public TextEngine(LanguageModel model)
    {
        _model = model;
        _prompts = new PromptFitting(model);
    }

    /// <summary>The model.</summary>
    public LanguageModel Model => _model;

    /// <inheritdoc/>
    public ModelDescription Description => _model.Description with { MemoryBytes = _model.File.FileBytes + (_decoder?.CacheBytes ?? 0) };

    /// <inheritdoc/>
    public EngineStatus Status { get; } = new();

    /// <inheritdoc/>
    public Task Ended => _ended.Task;

    /// <inheritdoc/>
    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Require(ModelCapabilities.Completion, "text generation");
        FittedPrompt prompt = _prompts.Fit(request);
        long arrived = System.Diagnostics.Stopwatch.GetTimestamp();
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task? run = null;
        try
        {
            // Unbounded: an answer is bounded by its context, and a slow reader must not hold up the next request.
            var events = Channel.CreateUnbounded<GenerationEvent>(new() { SingleReader = true, SingleWriter = true });
            TimeSpan queued = System.Diagnostics.Stopwatch.GetElapsedTime(arrived);
            run = Task.Factory.StartNew(
                () => Run(request, prompt, queued, events.Writer, stop.Token),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await foreach (GenerationEvent item in events.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return item;
            }
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            if (run is not null)
            {
                await run.ConfigureAwait(false);
            }
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default)
    {
        Require(ModelCapabilities.Embedding, "embeddings");
        var embedder = new TextEmbedder(_model);
        List<int[]> inputs = [.. request.Inputs.Select(text => embedder.Tokenize(text, request))];
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Factory.StartNew(
                () => embedder.Embed(inputs, request.Dimensions, cancellationToken),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<string> RenderAsync(GenerationRequest request, CancellationToken cancellationToken = default) => new(_prompts.Render(request));

    /// <inheritdoc/>
    public ValueTask<int[]> TokenizeAsync(string text, bool addSpecial, bool parseSpecial, CancellationToken cancellationToken = default) =>
        new(_model.Tokenizer.Encode(text, addSpecial, parseSpecial));

    /// <inheritdoc/>
    public ValueTask<string> DetokenizeAsync(IReadOnlyList<int> tokens, CancellationToken cancellationToken = default) =>
        new(_model.Tokenizer.Decode([.. tokens]));

    /// <summary>Waits for the running request, then frees the model.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_disposed)
            {
                _disposed = true;
                _ended.TrySetResult();
                _decoder?.Dispose();
                _model.Dispose();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_disposed)
        {
            _turn.Release();
            throw new TextEngineException(TextEngineErrorKind.Internal, "The model was unloaded while the request waited: send it again.");
        }
    }

    /// <summary>The body of the computing thread: every outcome goes into the channel.</summary>
    private void Run(GenerationRequest request, FittedPrompt prompt, TimeSpan queued, ChannelWriter<GenerationEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            var generation = new TextGeneration(_model, DecoderFor(prompt.ContextLength), request, prompt, queued);
            generation.Run(item => events.TryWrite(item), cancellationToken);
            events.Complete();
        }
        catch (Exception e)
        {
            events.Complete(e);
        }
    }

    /// <summary>The decoder of the last request if it is long enough, for its cache, else a longer one. Weights stay as they are.</summary>
    private SequenceDecoder DecoderFor(int contextLength)
    {
        if (_decoder is null || _decoder.Capacity < contextLength)
        {
            _decoder?.Dispose();
            _decoder = null;
            _decoder = _model.CreateDecoder(Math.Max(contextLength, _model.Description.ContextLength));
        }
        return _decoder;
    }

    private void Require(ModelCapabilities capability, string what)
    {
        if (!_model.Description.Capabilities.HasFlag(capability))
        {
            throw new TextEngineException(TextEngineErrorKind.Unsupported, $"This model does not support {what}.");
        }
    }
}
