using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LocalLlm.Load.Http;

/// <summary>One request on a connection of its own, from an address of choice; leaving in the middle is part of what it can do.</summary>
internal sealed class ApiConnection : IDisposable
{
    private const int BufferBytes = 16384;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private ApiConnection()
    {
    }

    /// <summary>Connects.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="source">The client's own address; null for any.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ApiConnection> OpenAsync(IPEndPoint server, IPAddress? source, CancellationToken cancellationToken)
    {
        ApiConnection connection = new();
        try
        {
            if (source is not null)
            {
                connection._socket.Bind(new IPEndPoint(source, 0));
            }
            await connection._socket.ConnectAsync(server, cancellationToken);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Asks for a streamed answer and reads it to its end; what goes wrong stands in the answer.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="path">Of the native API.</param>
    /// <param name="body">JSON.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="source">The client's own address; null for any.</param>
    public static async Task<StreamedAnswer> StreamAsync(IPEndPoint server, string path, string body, CancellationToken cancellationToken, IPAddress? source = null)
    {
        StreamedAnswer answer = new() { Begun = Stopwatch.GetTimestamp() };
        try
        {
            using ApiConnection connection = await OpenAsync(server, source, cancellationToken);
            await connection.SendAsync(RequestBytes(server, path, body), cancellationToken);
            await connection.ReadAsync(answer, int.MaxValue, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or InvalidDataException)
        {
            answer.Error ??= exception.Message;
            answer.End(Stopwatch.GetTimestamp());
        }
        return answer;
    }

    /// <summary>The bytes of a request.</summary>
    public static byte[] RequestBytes(IPEndPoint server, string path, string body)
    {
        int length = Encoding.UTF8.GetByteCount(body);
        return Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
    }

    /// <summary>Sends bytes of a request.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
        }
    }

    /// <summary>Reads until the answer ends or has as many items as wanted.</summary>
    /// <param name="answer">Gets what comes.</param>
    /// <param name="items">Items with text after which to stop.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReadAsync(StreamedAnswer answer, int items, CancellationToken cancellationToken)
    {
        ResponseReader reader = new(answer.Take);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (!reader.IsComplete && answer.Times.Count < items)
            {
                int count = await _socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, cancellationToken);
                long now = Stopwatch.GetTimestamp();
                if (count == 0)
                {
                    reader.End(now);
                    answer.End(now);
                    answer.Error ??= answer.IsFinished ? null : "The server closed the connection before the answer's end.";
                    break;
                }
                reader.Take(buffer.AsSpan(0, count), now);
                answer.Status = reader.Status;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Makes the end of the connection an abrupt one: a reset instead of a farewell.</summary>
    public void ResetOnClose() => _socket.LingerState = new LingerOption(true, 0);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
