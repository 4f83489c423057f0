using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LocalLlm.Server.Cli.Vectors;

/// <summary>
/// NumPy's array format, version 1.0 (numpy.lib.format): magic, version, length of the header, a Python dictionary padded with spaces to a multiple of 64 bytes and
/// ended by a line feed, then the rows as little-endian float32, shape [vectors, components]. The number of rows is filled in at the end.
/// </summary>
internal sealed class NpyVectors : IVectorWriter
{
    // 57 characters, and two numbers of ten digits at most.
    private const int HeaderBytes = 128;
    private const int PreambleBytes = 10;

    private readonly Stream _output;
    private readonly long _start;
    private byte[] _row = [];
    private int _rows;
    private int _width;

    /// <summary>Begins the file at the stream's position.</summary>
    /// <param name="output">Can seek.</param>
    public NpyVectors(Stream output)
    {
        _output = output;
        _start = output.Position;
        output.Write(new byte[HeaderBytes]);
    }

    /// <inheritdoc/>
    public void Add(float[] vector)
    {
        if (_rows++ == 0)
        {
            _width = vector.Length;
            _row = new byte[_width * sizeof(float)];
        }
        if (vector.Length != _width)
        {
            throw new CommandLineException($"The model gave a vector of {vector.Length} components after one of {_width}: they make no array.");
        }
        for (int i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(_row.AsSpan(i * sizeof(float)), vector[i]);
        }
        _output.Write(_row);
    }

    /// <inheritdoc/>
    public void End()
    {
        long end = _output.Position;
        _output.Position = _start;
        _output.Write(Header(_rows, _width));
        _output.Position = end;
    }

    private static byte[] Header(int rows, int width)
    {
        string shape = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
        byte[] header = new byte[HeaderBytes];
        header[0] = 0x93;
        "NUMPY\u0001\0"u8.CopyTo(header.AsSpan(1)); // and version 1.0
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), HeaderBytes - PreambleBytes);
        Encoding.ASCII.GetBytes(shape.PadRight(HeaderBytes - PreambleBytes - 1) + "\n", header.AsSpan(PreambleBytes));
        return header;
    }
}
