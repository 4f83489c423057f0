using System.Net.Sockets;
using LocalLlm.Engine;

namespace LocalLlm.Server.Runners.Child;

/// <summary>Answers the calls of an engine on a Unix socket, for one server.</summary>
internal sealed class RunnerServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Action<string> _log;

    /// <summary>Listens: the connection is accepted by the system from now on, and answered once <see cref="RunAsync"/> has an engine.</summary>
    /// <param name="path">Path of the socket; nothing is there yet.</param>
    /// <param name="log">Gets faults of the engine.</param>
    /// <exception cref="SocketException">The path is too long, or its folder is missing.</exception>
    public RunnerServer(string path, Action<string> log)
    {
        _log = log;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
    }

    /// <summary>Answers until cancelled, one connection at a time: a server has one, and makes no other before that one is closed.</summary>
    public async Task RunAsync(ITextEngine engine, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Socket socket = await _listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
            await new RunnerConnection(socket, engine, _log).RunAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Listens no more, and removes the socket.</summary>
    public void Dispose() => _listener.Dispose();
}
