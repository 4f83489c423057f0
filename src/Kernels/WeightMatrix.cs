using LocalLlm.Gguf;

namespace LocalLlm.Kernels;

/// <summary>
/// A matrix of weights as a file stores it: row major, one row for each output, each row whole blocks of one format. A view; the memory
/// (usually a mapped file) belongs to someone else and must outlive it.
/// </summary>
public readonly unsafe struct WeightMatrix
{
    /// <summary>Describes the matrix at <paramref name="data"/>.</summary>
    /// <param name="type">Format of the rows.</param>
    /// <param name="rows">Number of outputs.</param>
    /// <param name="columns">Number of inputs, a multiple of the format's block length.</param>
    /// <param name="data">First row; <paramref name="rows"/> times <see cref="RowBytes"/> bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is less than 1.</exception>
    /// <exception cref="ArgumentException">The columns are not whole blocks, or the format is unknown.</exception>
    public WeightMatrix(GgmlType type, int rows, int columns, byte* data)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        Type = type;
        Rows = rows;
        Columns = columns;
        Data = data;
        RowBytes = GgmlTypes.RowBytes(type, columns);
    }

    /// <summary>Format of the rows.</summary>
    public GgmlType Type { get; }

    /// <summary>Number of rows, which is the number of outputs.</summary>
    public int Rows { get; }

    /// <summary>Weights in a row, which is the number of inputs.</summary>
    public int Columns { get; }

    /// <summary>First byte of row 0.</summary>
    public byte* Data { get; }

    /// <summary>Bytes from a row to the next.</summary>
    public long RowBytes { get; }

    /// <summary>The rows unpacked for the kernels of a level (<see cref="CpuOps.Unpack"/>), or null.</summary>
    internal byte* Panels { get; init; }

    /// <summary>First byte of a row.</summary>
    /// <param name="row">0 to <see cref="Rows"/> - 1.</param>
    internal byte* Row(int row) => Data + row * RowBytes;
}
