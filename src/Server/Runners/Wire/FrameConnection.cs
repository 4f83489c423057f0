using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>
/// A connection that carries many calls: messages go in frames of call number, length (both 32 bits, little endian) and JSON. Frames that come while
/// others are being written go out together with the next write, and what arrived together is taken in with one read, so that a step of the engine costs
/// about as much whether it serves one call or many. Sending never waits for the other side, and is safe for many threads.
/// </summary>
internal sealed class FrameConnection : IThreadPoolWorkItem
{
    /// <summary>Bytes before the message.</summary>
    public const int HeaderBytes = 8;

    /// <summary>Longest message; more than any answer, and less than what an array holds.</summary>
    public const int MostBytes = 1 << 30;

    // A step of some hundred sequences fits.
    private const int ReadBytes = 64 * 1024;

    // Buffers that a message of unusual size has grown beyond this are given up after it.
    private const int MostKept = 1024 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_message;

    private readonly Socket _socket;
    private readonly Action<int, byte[]> _received;
    private readonly Action _closed;
    private readonly Lock _lock = new();
    private ArrayBufferWriter<byte> _gathered = new(ReadBytes);     // guarded by _lock
    private ArrayBufferWriter<byte> _leaving = new(ReadBytes);      // the sender's
    private bool _sending;                                          // guarded by _lock

    /// <summary>Takes over a connected socket; nothing is read until <see cref="Start"/>.</summary>
    /// <param name="socket">No asynchronous operation was begun on it: that would make every read take the detour by which the runtime waits for many.</param>
    /// <param name="received">Gets call number and message of each frame, on one thread; empty messages too. Throws <see cref="InvalidDataException"/> to close.</param>
    /// <param name="closed">Called once, after the last frame, on the same thread.</param>
    public FrameConnection(Socket socket, Action<int, byte[]> received, Action closed)
    {
        _socket = socket;
        _received = received;
        _closed = closed;
    }

    /// <summary>Reads from now on, on a thread of its own: the system wakes it directly, where a wait of the pool would take two threads more.</summary>
    /// <param name="name">Of the thread.</param>
    public void Start(string name) => new Thread(Read) { IsBackground = true, Name = name }.Start();

    /// <summary>Sends a message; nobody is told if the connection is closed.</summary>
    /// <exception cref="InvalidDataException">It is longer than <see cref="MostBytes"/>.</exception>
    public void Send<T>(int call, T message, JsonTypeInfo<T> type)
    {
        ArrayBufferWriter<byte> buffer = t_message ??= new ArrayBufferWriter<byte>();
        try
        {
            using (Utf8JsonWriter json = new(buffer, RunnerJson.WriterOptions))
            {
                JsonSerializer.Serialize(json, message, type);
            }
            Send(call, buffer.WrittenSpan);
        }
        finally
        {
            t_message = Emptied(buffer);
        }
    }

    /// <summary>Sends the bytes of a message, or none.</summary>
    /// <inheritdoc cref="Send{T}"/>
    public void Send(int call, ReadOnlySpan<byte> message)
    {
        if (message.Length > MostBytes)
        {
            throw new InvalidDataException($"a message of {message.Length} bytes is longer than {MostBytes}: ask for less at once");
        }
        lock (_lock)
        {
            Span<byte> header = _gathered.GetSpan(HeaderBytes);
            BinaryPrimitives.WriteInt32LittleEndian(header, call);
            BinaryPrimitives.WriteInt32LittleEndian(header[sizeof(int)..], message.Length);
            _gathered.Advance(HeaderBytes);
            _gathered.Write(message);
            if (_sending)
            {
                return;
            }
            _sending = true;
        }
        // Behind what waits in the pool already: other calls' events of the same step.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Ends reading and writing on both sides.</summary>
    public void Close()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Closed already.
        }
    }

    /// <summary>Writes what was gathered, until nothing is left.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_gathered.WrittenCount == 0)
                {
                    _sending = false;
                    return;
                }
                (_gathered, _leaving) = (_leaving, _gathered);
            }
            Write(_leaving.WrittenSpan);
            _leaving = Emptied(_leaving);
        }
    }

    private void Write(ReadOnlySpan<byte> frames)
    {
        try
        {
            while (frames.Length > 0)
            {
                frames = frames[_socket.Send(frames)..];
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Close(); // The other side has gone, which the reader finds as well.
        }
    }

    private void Read()
    {
        try
        {
            using BufferedStream stream = new(new NetworkStream(_socket, ownsSocket: true), ReadBytes);
            Span<byte> header = stackalloc byte[HeaderBytes];
            while (true)
            {
                stream.ReadExactly(header);
                int length = BinaryPrimitives.ReadInt32LittleEndian(header[sizeof(int)..]);
                if (length is < 0 or > MostBytes)
                {
                    break;
                }
                byte[] message = length == 0 ? [] : new byte[length];
                stream.ReadExactly(message);
                _received(BinaryPrimitives.ReadInt32LittleEndian(header), message);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or ObjectDisposedException or OutOfMemoryException)
        {
            // It ended, between frames or within one; or what came is no frame.
        }
        _closed();
    }

    private static ArrayBufferWriter<byte> Emptied(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > MostKept)
        {
            return new ArrayBufferWriter<byte>();
        }
        buffer.ResetWrittenCount();
        return buffer;
    }
}
