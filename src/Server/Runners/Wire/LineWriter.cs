using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>Gathers messages and writes them to a stream together. For one writer at a time.</summary>
/// <param name="stream">Where to; it stays open.</param>
internal sealed class LineWriter(Stream stream) : IDisposable
{
    // One event of a generation and the log-probabilities of the usual answer fit.
    private const int FirstCapacity = 512;

    private readonly ArrayBufferWriter<byte> _lines = new(FirstCapacity);
    private Utf8JsonWriter? _json;

    /// <summary>Bytes gathered and not yet written.</summary>
    public int Gathered => _lines.WrittenCount;

    /// <summary>Gathers a message.</summary>
    public void Add<T>(T message, JsonTypeInfo<T> type)
    {
        if (_json is null)
        {
            _json = new Utf8JsonWriter(_lines, RunnerJson.WriterOptions);
        }
        else
        {
            _json.Reset();
        }
        JsonSerializer.Serialize(_json, message, type);
        _json.Flush();
        _lines.Write("\n"u8);
    }

    /// <summary>Writes what was gathered.</summary>
    /// <exception cref="IOException">The other side has gone.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_lines.WrittenMemory, cancellationToken).ConfigureAwait(false);
        _lines.ResetWrittenCount();
    }

    /// <summary>Gives the JSON writer up; what was gathered and not written is lost.</summary>
    public void Dispose() => _json?.Dispose();
}
