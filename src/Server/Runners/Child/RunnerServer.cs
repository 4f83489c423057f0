using System.Net.Sockets;
using LocalLlm.Engine;

namespace LocalLlm.Server.Runners.Child;

/// <summary>Answers the calls of an engine on a Unix socket.</summary>
internal sealed class RunnerServer : IDisposable
{
    // More than the server lets through at once; the system caps it (net.core.somaxconn).
    private const int Backlog = 4096;

    // File descriptors may be short for a moment; those that are open will close.
    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromMilliseconds(50);

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Action<string> _log;

    /// <summary>Listens: connections are accepted by the system from now on, and answered once <see cref="RunAsync"/> has an engine.</summary>
    /// <param name="path">Path of the socket; nothing is there yet.</param>
    /// <param name="log">Gets faults of the engine.</param>
    /// <exception cref="SocketException">The path is too long, or its folder is missing.</exception>
    public RunnerServer(string path, Action<string> log)
    {
        _log = log;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(Backlog);
    }

    /// <summary>Answers until cancelled.</summary>
    public async Task RunAsync(ITextEngine engine, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
                _ = Task.Run(() => AnswerAsync(socket, engine), CancellationToken.None);
            }
            catch (SocketException exception)
            {
                _log($"a connection could not be accepted: {exception.Message}");
                await Task.Delay(s_pauseAfterFailure, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Listens no more, and removes the socket.</summary>
    public void Dispose() => _listener.Dispose();

    private async Task AnswerAsync(Socket socket, ITextEngine engine)
    {
        try
        {
            using RunnerConnection connection = new(socket);
            await connection.AnswerAsync(engine, _log).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            // The caller left, which is how calls are cancelled.
        }
        catch (Exception exception)
        {
            _log($"a call failed: {exception}");
        }
    }
}
