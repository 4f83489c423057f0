using System.Net.Sockets;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners;

/// <summary>One call on a connection of its own. For one reader; disposing it before the answer is complete cancels the call in the runner.</summary>
internal sealed class RunnerExchange : IDisposable
{
    // A burst of calls may find the queue of the socket full, which a Unix socket says at once instead of waiting.
    private static readonly TimeSpan s_pauseWhileFull = TimeSpan.FromMilliseconds(10);

    private readonly NetworkStream _stream;
    private readonly LineReader _reader;
    private readonly CancellationTokenRegistration _cancelled;
    private readonly CancellationTokenRegistration _gone;

    private RunnerExchange(Socket socket, CancellationToken cancellationToken, CancellationToken gone)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new LineReader(_stream);
        _cancelled = cancellationToken.UnsafeRegister(static reader => ((LineReader)reader!).Cancel(), _reader);
        _gone = gone.UnsafeRegister(static reader => ((LineReader)reader!).Cancel(), _reader);
    }

    /// <summary>Connects and sends a call.</summary>
    /// <param name="path">The runner's socket.</param>
    /// <param name="call">What is asked.</param>
    /// <param name="cancellationToken">Ends the exchange.</param>
    /// <param name="gone">Ends it too.</param>
    /// <returns>The exchange; null if nobody listens any more, or a token ended it.</returns>
    /// <exception cref="TextEngineException">This process has no room for another connection.</exception>
    public static async Task<RunnerExchange?> OpenAsync(string path, RunnerCall call, CancellationToken cancellationToken, CancellationToken gone)
    {
        RunnerExchange? exchange = null;
        try
        {
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, gone);
            exchange = new RunnerExchange(await ConnectAsync(path, either.Token).ConfigureAwait(false), cancellationToken, gone);
            using LineWriter writer = new(exchange._stream);
            writer.Add(call, RunnerJson.Lines.RunnerCall);
            await writer.FlushAsync(either.Token).ConfigureAwait(false);
            return exchange;
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            exchange?.Dispose();
            return null;
        }
        catch
        {
            exchange?.Dispose();
            throw;
        }
    }

    /// <summary>The next line of the answer; null when the exchange broke off.</summary>
    /// <exception cref="JsonException">The runner wrote something else.</exception>
    public async ValueTask<RunnerAnswer?> ReadAsync()
    {
        try
        {
            return await _reader.ReadAsync(RunnerJson.Lines.RunnerAnswer).ConfigureAwait(false);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose()
    {
        _cancelled.Dispose();
        _gone.Dispose();
        _reader.Dispose();
        _stream.Dispose();
    }

    private static async Task<Socket> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket? socket = null;
            try
            {
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.TryAgain)
            {
                socket?.Dispose();
                await Task.Delay(s_pauseWhileFull, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                socket?.Dispose();
                throw new TextEngineException(
                    TextEngineErrorKind.Internal, $"the server has no room for another connection to its model runner ({exception.Message}): send fewer requests at once", exception);
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }
    }
}
