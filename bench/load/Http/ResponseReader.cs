using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace LocalLlm.Load.Http;

/// <summary>Gets one line of an answer's body, without its end, and when its last byte came (<see cref="System.Diagnostics.Stopwatch.GetTimestamp"/>).</summary>
internal delegate void LineHandler(ReadOnlySpan<byte> line, long timestamp);

/// <summary>
/// Reads an HTTP/1.1 answer as it comes and hands out the lines of its body: status line, headers, and either chunks or a plain body.
/// No more than this driver needs, so that measuring costs the measured little.
/// </summary>
/// <param name="onLine">Gets the lines.</param>
internal sealed class ResponseReader(LineHandler onLine)
{
    private enum Part
    {
        Headers,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Plain,
        Done,
    }

    private readonly ArrayBufferWriter<byte> _body = new(); // a line of the body so far, where reads or chunks cut it
    private readonly ArrayBufferWriter<byte> _line = new(); // a header or the size of a chunk so far
    private Part _part;
    private long _left;
    private bool _chunked;
    private bool _sized;

    /// <summary>The status; 0 until it came.</summary>
    public int Status { get; private set; }

    /// <summary>Whether the answer came to its proper end.</summary>
    public bool IsComplete => _part == Part.Done;

    /// <summary>Takes what a read gave.</summary>
    /// <exception cref="InvalidDataException">That is no HTTP answer.</exception>
    public void Take(ReadOnlySpan<byte> bytes, long timestamp)
    {
        while (bytes.Length > 0 && _part != Part.Done)
        {
            switch (_part)
            {
                case Part.Chunk or Part.Plain:
                    int count = (int)Math.Min(bytes.Length, _left);
                    Body(bytes[..count], timestamp);
                    bytes = bytes[count..];
                    _left -= count;
                    if (_left == 0)
                    {
                        _part = _part == Part.Chunk ? Part.ChunkEnd : Part.Done;
                    }
                    break;
                default:
                    bytes = ControlLine(bytes);
                    break;
            }
            if (_part == Part.Done)
            {
                EndLine(timestamp);
            }
        }
    }

    /// <summary>The connection ended: that completes a body whose length nobody told.</summary>
    public void End(long timestamp)
    {
        EndLine(timestamp);
        if (_part == Part.Plain && !_sized)
        {
            _part = Part.Done;
        }
    }

    private ReadOnlySpan<byte> ControlLine(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'\n');
        _line.Write(end < 0 ? bytes : bytes[..end]);
        if (end < 0)
        {
            return [];
        }
        ReadOnlySpan<byte> line = _line.WrittenSpan.TrimEnd((byte)'\r');
        _line.ResetWrittenCount(); // the bytes stay until something is written again
        switch (_part)
        {
            case Part.Headers:
                Header(line);
                break;
            case Part.ChunkSize:
                if (!Utf8Parser.TryParse(line, out long size, out _, 'x'))
                {
                    throw new InvalidDataException($"The server sent '{Encoding.Latin1.GetString(line)}' for the size of a chunk.");
                }
                (_left, _part) = (size, size == 0 ? Part.Done : Part.Chunk);
                break;
            default:
                _part = Part.ChunkSize;
                break;
        }
        return bytes[(end + 1)..];
    }

    private void Header(ReadOnlySpan<byte> line)
    {
        if (Status == 0)
        {
            Status = line.StartsWith("HTTP/1."u8) && Utf8Parser.TryParse(line[9..], out int status, out _)
                ? status
                : throw new InvalidDataException($"The server sent '{Encoding.Latin1.GetString(line)}' for a status.");
        }
        else if (line.Length == 0)
        {
            _part = _chunked ? Part.ChunkSize : _sized && _left == 0 ? Part.Done : Part.Plain;
            _left = _chunked || _sized ? _left : long.MaxValue;
        }
        else
        {
            string text = Encoding.Latin1.GetString(line);
            _chunked |= text.Equals("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase);
            if (text.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                _sized = long.TryParse(text["Content-Length:".Length..], out _left);
            }
        }
    }

    private void Body(ReadOnlySpan<byte> bytes, long timestamp)
    {
        while (bytes.IndexOf((byte)'\n') is int end and >= 0)
        {
            if (_body.WrittenCount == 0)
            {
                onLine(bytes[..end], timestamp);
            }
            else
            {
                _body.Write(bytes[..end]);
                EndLine(timestamp);
            }
            bytes = bytes[(end + 1)..];
        }
        _body.Write(bytes);
    }

    private void EndLine(long timestamp)
    {
        if (_body.WrittenCount > 0)
        {
            onLine(_body.WrittenSpan, timestamp);
            _body.ResetWrittenCount();
        }
    }
}
