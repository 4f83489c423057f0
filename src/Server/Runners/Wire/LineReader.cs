using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>Reads messages from a stream. For one reader at a time; <see cref="Cancel"/> is for any thread.</summary>
internal sealed class LineReader : IDisposable
{
    private readonly PipeReader _pipe;

    /// <summary>Reads from a stream, which stays open.</summary>
    public LineReader(Stream stream) => _pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

    /// <summary>The next message; null when the stream has ended or <see cref="Cancel"/> was called.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="JsonException">The line is no such message.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T?> ReadAsync<T>(JsonTypeInfo<T> type)
        where T : class
    {
        while (true)
        {
            ReadResult result = await _pipe.ReadAsync().ConfigureAwait(false);
            if (result.IsCanceled)
            {
                return null;
            }
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                T? message = Parse(buffer.Slice(0, end), type);
                _pipe.AdvanceTo(buffer.GetPosition(1, end));
                return message;
            }
            _pipe.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null; // What follows the last line end was cut off with its sender.
            }
        }
    }

    /// <summary>Ends the pending read, or the next one, as if the stream had ended.</summary>
    public void Cancel() => _pipe.CancelPendingRead();

    /// <summary>Gives buffers back.</summary>
    public void Dispose() => _pipe.Complete();

    private static T? Parse<T>(in ReadOnlySequence<byte> line, JsonTypeInfo<T> type)
    {
        Utf8JsonReader reader = new(line, new JsonReaderOptions { MaxDepth = RunnerJson.Depth });
        return JsonSerializer.Deserialize(ref reader, type);
    }
}
