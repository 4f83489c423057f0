using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners;

/// <summary>
/// One call. For one reader, which goes on on the thread that reads the connection: what it does with an event must not block.
/// Disposing it before the answer is complete cancels the call in the runner.
/// </summary>
internal sealed class RunnerExchange : IDisposable
{
    // Bytes; the usual event has about a hundred.
    private const int MostAtOnce = 1024;

    // Unbounded: what waits here is bounded by the answer, and a slow reader must not hold up the others.
    private readonly Channel<byte[]> _answers = Channel.CreateUnbounded<byte[]>(new() { SingleReader = true, AllowSynchronousContinuations = true });
    private readonly CancellationTokenRegistration _cancelled;
    private readonly Action<int, bool> _leave;
    private bool _complete;

    /// <summary>Makes an exchange.</summary>
    /// <param name="number">Number of the call.</param>
    /// <param name="leave">Called when it is disposed, with its number and whether the whole answer was read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public RunnerExchange(int number, Action<int, bool> leave, CancellationToken cancellationToken)
    {
        Number = number;
        _leave = leave;
        _cancelled = cancellationToken.UnsafeRegister(static exchange => ((RunnerExchange)exchange!).End(), this);
    }

    /// <summary>Number of the call.</summary>
    public int Number { get; }

    /// <summary>Takes a message of the answer in. For one thread.</summary>
    public void Add(byte[] message) => _answers.Writer.TryWrite(message);

    /// <summary>Breaks the exchange off: nothing more comes. For any thread.</summary>
    public void End() => _answers.Writer.TryComplete();

    /// <summary>The next message of the answer; null when the exchange broke off.</summary>
    /// <exception cref="JsonException">The runner sent something else.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RunnerAnswer?> ReadAsync()
    {
        // Only short pieces of text go on on the connection's thread: long messages take their time, and what follows an answer is anybody's work.
        byte[]? message = await NextAsync().ConfigureAwait(false);
        if (message is null or { Length: > MostAtOnce })
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
        if (message is null)
        {
            return null;
        }
        RunnerAnswer answer = JsonSerializer.Deserialize(message, RunnerJson.Lines.RunnerAnswer) ?? throw new JsonException("The runner's answer is null.");
        if (answer.IsLast)
        {
            _complete = true;
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
        return answer;
    }

    /// <summary>Ends the exchange.</summary>
    public void Dispose()
    {
        _cancelled.Dispose();
        _leave(Number, _complete);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<byte[]?> NextAsync()
    {
        byte[]? message;
        while (!_answers.Reader.TryRead(out message) && await _answers.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
        }
        return message;
    }
}
