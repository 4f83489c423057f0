using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners.Child;

/// <summary>The runner's end of a connection: answers its calls beside each other, and cancels those that the server gives up.</summary>
internal sealed class RunnerConnection
{
    // A message of some hundred kilobytes.
    private const int VectorsAtOnce = 256;

    private readonly ConcurrentDictionary<int, CancellationTokenSource> _calls = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameConnection _connection;
    private readonly ITextEngine _engine;
    private readonly Action<string> _log;

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="engine">Who is called.</param>
    /// <param name="log">Gets faults of the engine.</param>
    public RunnerConnection(Socket socket, ITextEngine engine, Action<string> log)
    {
        _engine = engine;
        _log = log;
        _connection = new FrameConnection(socket, OnReceived, OnClosed);
    }

    /// <summary>Answers until the connection is closed.</summary>
    /// <param name="cancellationToken">Closes it.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _connection.Start("runner: calls");
        using CancellationTokenRegistration closing = cancellationToken.UnsafeRegister(static connection => ((FrameConnection)connection!).Close(), _connection);
        await _ended.Task.ConfigureAwait(false);
    }

    private void OnReceived(int number, byte[] message)
    {
        if (message.Length == 0)
        {
            if (_calls.TryGetValue(number, out CancellationTokenSource? call))
            {
                _ = call.CancelAsync();
            }
            return;
        }
        CancellationTokenSource left = new();
        if (!_calls.TryAdd(number, left))
        {
            throw new InvalidDataException($"call {number} came twice");
        }
        _ = Task.Run(() => AnswerAsync(number, message, left.Token));
    }

    private void OnClosed()
    {
        foreach (CancellationTokenSource call in _calls.Values)
        {
            _ = call.CancelAsync();
        }
        _ended.TrySetResult();
    }

    private async Task AnswerAsync(int number, byte[] message, CancellationToken left)
    {
        try
        {
            await AnswerAsync(number, JsonSerializer.Deserialize(message, RunnerJson.Lines.RunnerCall), left).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // Nobody wants to know.
        }
        catch (Exception exception)
        {
            if (RunnerError.IsFault(exception))
            {
                _log($"a call failed: {exception}");
            }
            Send(number, new RunnerAnswer { Error = RunnerError.Of(exception) });
        }
        _calls.TryRemove(number, out _);
    }

    private async Task AnswerAsync(int number, RunnerCall? call, CancellationToken left)
    {
        switch (call)
        {
            case { Generate: { } request }:
                await foreach (GenerationEvent item in _engine.GenerateAsync(request, left).ConfigureAwait(false))
                {
                    Send(number, RunnerAnswer.Of(item));
                }
                break;
            case { Embed: { } request }:
                Send(number, await _engine.EmbedAsync(request, left).ConfigureAwait(false));
                break;
            case { Rerank: { } request }:
                Send(number, new RunnerAnswer { Ranking = await _engine.RerankAsync(request, left).ConfigureAwait(false) });
                break;
            case { Render: { } request }:
                Send(number, new RunnerAnswer { Text = await _engine.RenderAsync(request, left).ConfigureAwait(false) });
                break;
            case { Tokenize: { } text }:
                Send(number, new RunnerAnswer { Tokens = await _engine.TokenizeAsync(text.Text, text.AddSpecial, text.ParseSpecial, left).ConfigureAwait(false) });
                break;
            case { Detokenize: { } tokens }:
                Send(number, new RunnerAnswer { Text = await _engine.DetokenizeAsync(tokens, left).ConfigureAwait(false) });
                break;
            default:
                throw new NotSupportedException("the call names no member of the engine that this runner knows");
        }
    }

    private void Send(int number, EmbeddingResult result)
    {
        int sent = 0;
        for (; result.Vectors.Count - sent > VectorsAtOnce; sent += VectorsAtOnce)
        {
            Send(number, new RunnerAnswer { Vectors = [.. result.Vectors.Skip(sent).Take(VectorsAtOnce)] });
        }
        Send(number, new RunnerAnswer { Embedding = result with { Vectors = [.. result.Vectors.Skip(sent)] } });
    }

    private void Send(int number, RunnerAnswer answer) => _connection.Send(number, answer, RunnerJson.Lines.RunnerAnswer);
}
