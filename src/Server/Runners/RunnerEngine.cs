using System.Globalization;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners;

/// <summary>
/// A model in a process of its own. When that process ends, breaks a call off or falls silent, it is killed and reaped, then <see cref="Ended"/>
/// completes, then its calls fail with <see cref="TextEngineErrorKind.Lost"/>: whoever sees that can load the model again.
/// </summary>
internal sealed class RunnerEngine : ITextEngine
{
    /// <summary>What calls fail with when a runner ends by itself; the first part is what Ollama's clients know.</summary>
    public const string LostMessage =
        "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error; send the request again";

    /// <summary>What calls fail with when their model is unloaded.</summary>
    public const string UnloadedMessage = "the model was unloaded before the answer was complete; send the request again";

    // The system frees the memory of a large model before it says that the process has ended.
    private static readonly TimeSpan s_longestReaping = TimeSpan.FromSeconds(10);

    private readonly RunnerLaunch _launch;
    private readonly string _model;
    private readonly string _socket;
    private readonly RunnerClient _client;
    private readonly RunnerWatch _watch;
    private readonly CancellationTokenSource _gone = new();
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<RunnerProcess> _process = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Task<TextEngineException>? _ending;     // guarded by _lock
    private ModelDescription? _description;
    private EngineStatus _status = new();

    private RunnerEngine(RunnerLaunch launch, string model)
    {
        _launch = launch;
        _model = model;
        _socket = launch.Folder.NextSocket();
        _client = new RunnerClient(_socket, () => EndAsync(End.Lost), _gone.Token);
        _watch = new RunnerWatch(launch.Silence, () => _ = EndAsync(End.Silent));
    }

    private enum End { Lost, Silent, Unloaded }

    /// <inheritdoc/>
    public ModelDescription Description => Volatile.Read(ref _description)!;

    /// <inheritdoc/>
    public EngineStatus Status => Volatile.Read(ref _status);

    /// <inheritdoc/>
    public Task Ended => _ended.Task;

    /// <summary>Number of the process.</summary>
    public int ProcessId { get; private set; }

    /// <summary>As <see cref="RunnerLaunch.StartAsync"/>.</summary>
    public static async Task<RunnerEngine> StartAsync(RunnerLaunch launch, string model, ModelOptions options, CancellationToken cancellationToken)
    {
        RunnerEngine engine = new(launch, model);
        try
        {
            engine.Launch(options);
            await engine._loaded.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        _client.GenerateAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken = default) =>
        _client.EmbedAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<RerankResult> RerankAsync(RerankRequest request, CancellationToken cancellationToken = default) =>
        _client.RerankAsync(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string> RenderAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        _client.RenderAsync(request, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int[]> TokenizeAsync(string text, bool addSpecial, bool parseSpecial, CancellationToken cancellationToken = default) =>
        _client.TokenizeAsync(text, addSpecial, parseSpecial, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string> DetokenizeAsync(IReadOnlyList<int> tokens, CancellationToken cancellationToken = default) =>
        _client.DetokenizeAsync(tokens, cancellationToken);

    /// <summary>Ends the runner, which returns all of the model's memory.</summary>
    public async ValueTask DisposeAsync() => await EndAsync(End.Unloaded).ConfigureAwait(false);

    private void Launch(ModelOptions options)
    {
        RunnerStart start = new() { Protocol = RunnerProtocol.Version, Socket = _socket, Options = options };
        try
        {
            RunnerProcess process = RunnerProcess.Start(_launch.Program, _model, start, OnReport, _launch.Log);
            ProcessId = process.Id;
            _process.SetResult(process);
        }
        catch (TextEngineException exception)
        {
            _process.SetException(exception);
            throw;
        }
    }

    private void OnReport(RunnerReport? report)
    {
        switch (report)
        {
            case null:
                _ = EndAsync(End.Lost);
                return;
            case { Protocol: { } version } when version != RunnerProtocol.Version:
                _loaded.TrySetException(new TextEngineException(
                    TextEngineErrorKind.Internal,
                    $"the model runner is of another version (protocol {version}, this server speaks {RunnerProtocol.Version}): restart the server"));
                return;
            case { Error: { } error }:
                _loaded.TrySetException(error.ToException());
                return;
        }
        _watch.Heard();
        if (report.Status is { } status)
        {
            Volatile.Write(ref _status, status);
        }
        if (report.Description is { } description)
        {
            Volatile.Write(ref _description, description);
            _loaded.TrySetResult();
        }
    }

    /// <summary>Ends the runner; the first reason counts.</summary>
    /// <returns>What calls fail with, once <see cref="Ended"/> has completed.</returns>
    private Task<TextEngineException> EndAsync(End reason)
    {
        lock (_lock)
        {
            return _ending ??= Task.Run(() => EndOnceAsync(reason));
        }
    }

    private async Task<TextEngineException> EndOnceAsync(End reason)
    {
        _watch.Dispose();
        TextEngineException told = new(TextEngineErrorKind.Lost, reason == End.Unloaded ? UnloadedMessage : LostMessage);
        try
        {
            using RunnerProcess process = await _process.Task.ConfigureAwait(false);
            int? code = await EndProcessAsync(process, reason).ConfigureAwait(false);
            string how = reason == End.Silent
                ? $"showed no sign of life for {_launch.Silence.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s and was killed"
                : $"ended unexpectedly ({(code is null ? "it can't be ended" : $"exit code {code}")})";
            if (reason != End.Unloaded && !_loaded.Task.IsFaulted)
            {
                _launch.Log($"runner {process.Id} ({_model}) {how}");
            }
            _loaded.TrySetException(new TextEngineException(
                TextEngineErrorKind.Internal, $"the model runner {how} while it loaded {_model}: {process.LastWords}".TrimEnd(' ', ':')));
            File.Delete(_socket);
        }
        catch (Exception exception) when (exception is TextEngineException or IOException)
        {
            // It was never started, or its socket will go with the folder.
        }
        _ended.TrySetResult();
        await _gone.CancelAsync().ConfigureAwait(false);
        return told;
    }

    private async Task<int?> EndProcessAsync(RunnerProcess process, End reason)
    {
        if (reason == End.Unloaded)
        {
            process.AskToEnd();
            if (await process.WaitAsync(_launch.Grace).ConfigureAwait(false) is { } polite)
            {
                return polite;
            }
        }
        process.Kill();
        return await process.WaitAsync(s_longestReaping).ConfigureAwait(false);
    }
}
