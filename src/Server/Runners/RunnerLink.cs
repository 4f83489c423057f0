using System.Collections.Concurrent;
using System.Net.Sockets;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners;

/// <summary>The server's end of a connection to a runner, with the calls under way. Safe for many threads.</summary>
internal sealed class RunnerLink
{
    private readonly ConcurrentDictionary<int, RunnerExchange> _exchanges = [];
    private readonly FrameConnection _connection;
    private volatile bool _closed;
    private int _calls;

    private RunnerLink(Socket socket) => _connection = new FrameConnection(socket, OnReceived, OnClosed);

    /// <summary>Connects.</summary>
    /// <param name="path">The runner's socket.</param>
    /// <returns>The link; null if nobody listens any more.</returns>
    /// <exception cref="TextEngineException">This process has no room for another connection.</exception>
    public static RunnerLink? Connect(string path)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            RunnerLink link = new(socket);
            link._connection.Start("runner: answers");
            return link;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            return exception.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable
                ? throw new TextEngineException(
                    TextEngineErrorKind.Internal, $"the server has no room for a connection to its model runner ({exception.Message}): send fewer requests at once", exception)
                : null;
        }
    }

    /// <summary>Begins a call; if the link is closed, its answer has broken off already.</summary>
    /// <exception cref="TextEngineException">The call is too large.</exception>
    public RunnerExchange Open(RunnerCall call, CancellationToken cancellationToken)
    {
        RunnerExchange exchange = new(Interlocked.Increment(ref _calls), Leave, cancellationToken);
        _exchanges[exchange.Number] = exchange;
        try
        {
            _connection.Send(exchange.Number, call, RunnerJson.Lines.RunnerCall);
        }
        catch (InvalidDataException exception)
        {
            exchange.Dispose();
            throw new TextEngineException(TextEngineErrorKind.InvalidRequest, exception.Message, exception);
        }
        if (_closed)
        {
            exchange.End();
        }
        return exchange;
    }

    /// <summary>Breaks all calls off.</summary>
    public void Close() => _connection.Close();

    private void Leave(int number, bool complete)
    {
        _exchanges.TryRemove(number, out _);
        if (!complete)
        {
            _connection.Send(number, []);
        }
    }

    private void OnReceived(int number, byte[] message)
    {
        // What nobody waits for was on its way when its call was cancelled.
        if (_exchanges.TryGetValue(number, out RunnerExchange? exchange))
        {
            exchange.Add(message);
        }
    }

    private void OnClosed()
    {
        _closed = true;
        foreach (RunnerExchange exchange in _exchanges.Values)
        {
            exchange.End();
        }
    }
}
