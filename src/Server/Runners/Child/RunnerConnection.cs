using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners.Child;

/// <summary>One call: reads it, answers it, and cancels it when the caller closes.</summary>
internal sealed class RunnerConnection : IDisposable
{
    // Events that are ready together go out together, up to about this many bytes.
    private const int MostGathered = 32 * 1024;

    private readonly NetworkStream _stream;
    private readonly LineReader _reader;
    private readonly LineWriter _writer;
    private readonly CancellationTokenSource _left = new();

    /// <summary>Takes over a connected socket.</summary>
    public RunnerConnection(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new LineReader(_stream);
        _writer = new LineWriter(_stream);
    }

    /// <summary>Answers the call.</summary>
    /// <param name="engine">Who is called.</param>
    /// <param name="log">Gets faults of the engine.</param>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    /// <exception cref="IOException">The caller left while something was written.</exception>
    public async Task AnswerAsync(ITextEngine engine, Action<string> log)
    {
        try
        {
            if (await _reader.ReadAsync(RunnerJson.Lines.RunnerCall).ConfigureAwait(false) is not { } call)
            {
                return;
            }
            _ = WatchAsync();
            await AnswerAsync(engine, call).ConfigureAwait(false);
        }
        catch (Exception exception) when (!_left.IsCancellationRequested)
        {
            if (RunnerError.IsFault(exception))
            {
                log($"a call failed: {exception}");
            }
            _writer.Add(new RunnerAnswer { Error = RunnerError.Of(exception) }, RunnerJson.Lines.RunnerAnswer);
        }
        if (_writer.Gathered > 0)
        {
            await _writer.FlushAsync(_left.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose()
    {
        _reader.Cancel();
        _writer.Dispose();
        _stream.Dispose();
    }

    /// <summary>Nothing more is to be read: when the read ends, the caller has closed.</summary>
    private async Task WatchAsync()
    {
        try
        {
            await _reader.ReadAsync(RunnerJson.Lines.RunnerCall).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or JsonException)
        {
            // Broken off instead of closed.
        }
        await _left.CancelAsync().ConfigureAwait(false);
        _reader.Dispose();
    }

    private async Task AnswerAsync(ITextEngine engine, RunnerCall call)
    {
        if (call.Generate is { } generation)
        {
            await GenerateAsync(engine, generation).ConfigureAwait(false);
            return;
        }
        RunnerAnswer answer = call switch
        {
            { Embed: { } request } => new() { Embedding = await engine.EmbedAsync(request, _left.Token).ConfigureAwait(false) },
            { Render: { } request } => new() { Text = await engine.RenderAsync(request, _left.Token).ConfigureAwait(false) },
            { Tokenize: { } text } =>
                new() { Tokens = await engine.TokenizeAsync(text.Text, text.AddSpecial, text.ParseSpecial, _left.Token).ConfigureAwait(false) },
            { Detokenize: { } tokens } => new() { Text = await engine.DetokenizeAsync(tokens, _left.Token).ConfigureAwait(false) },
            _ => throw new NotSupportedException("the call names no member of the engine that this runner knows"),
        };
        _writer.Add(answer, RunnerJson.Lines.RunnerAnswer);
    }

    private async Task GenerateAsync(ITextEngine engine, GenerationRequest request)
    {
        await using IAsyncEnumerator<GenerationEvent> events = engine.GenerateAsync(request, _left.Token).GetAsyncEnumerator(_left.Token);
        while (true)
        {
            ValueTask<bool> next = events.MoveNextAsync();
            bool more = _writer.Gathered > 0 && (!next.IsCompleted || _writer.Gathered > MostGathered)
                ? await FlushBesideAsync(next).ConfigureAwait(false)
                : await next.ConfigureAwait(false);
            if (!more)
            {
                return;
            }
            _writer.Add(RunnerAnswer.Of(events.Current), RunnerJson.Lines.RunnerAnswer);
        }
    }

    /// <summary>Writes what was gathered while the engine works on the next event. If that fails, the step must end before the enumeration can.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> FlushBesideAsync(ValueTask<bool> next)
    {
        try
        {
            await _writer.FlushAsync(_left.Token).ConfigureAwait(false);
        }
        catch
        {
            await _left.CancelAsync().ConfigureAwait(false);
            try
            {
                await next.ConfigureAwait(false);
            }
            catch (Exception)
            {
                // Whatever came of it, nobody is left to be told.
            }
            throw;
        }
        return await next.ConfigureAwait(false);
    }
}
