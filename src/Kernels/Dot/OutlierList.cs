namespace LocalLlm.Kernels.Dot;

/// <summary>
/// The outliers of quantized activations. Rows collect theirs independently of each other, on any thread; <see cref="Gather"/> then puts all in order.
/// Room for the most that there can be is allocated once: of n values at most n / Ratio^2 exceed Ratio times their root mean square.
/// </summary>
internal sealed class OutlierList
{
    /// <summary>How many times the root mean square of its row a value must exceed to be an outlier.</summary>
    public const float Ratio = 8f;

    private const float SmallestSquares = 8.6736174E-19f; // 2^-60

    private readonly int _rowCapacity;
    private readonly int[] _counts;        // [rows]
    private readonly Outlier[] _byRow;     // [rows, rowCapacity]
    private readonly Outlier[] _ordered;   // [rows * rowCapacity], the first _count used
    private readonly int[] _starts;        // [columns + 1]
    private int _count;

    public OutlierList(int rows, int columns)
    {
        // One more, since the root mean square is rounded.
        _rowCapacity = (int)(columns / (Ratio * Ratio)) + 1;
        _counts = new int[rows];
        _byRow = new Outlier[rows * _rowCapacity];
        _ordered = new Outlier[rows * _rowCapacity];
        _starts = new int[columns + 1];
    }

    /// <summary>All outliers, by column, then by row.</summary>
    public ReadOnlySpan<Outlier> Ordered => _ordered.AsSpan(0, _count);

    /// <summary>
    /// The magnitude above which a value is an outlier. Infinite or NaN, so that there are none, where the row's values or the sum of their squares are
    /// not finite, or where that sum is below 2^-60: squares that underflow would make outliers of everything.
    /// </summary>
    /// <param name="squares">Sum of the row's squares by the float dot law.</param>
    /// <param name="columns">Number of values.</param>
    public static float Limit(float squares, int columns) =>
        squares < SmallestSquares ? float.PositiveInfinity : Ratio * MathF.Sqrt(squares / columns);

    /// <summary>Forgets a row's outliers.</summary>
    public void Clear(int row) => _counts[row] = 0;

    /// <summary>Moves the outliers of a block out of it.</summary>
    /// <param name="row">The block's row.</param>
    /// <param name="column">Column of the block's first value.</param>
    /// <param name="block">Values; outliers become 0.</param>
    /// <param name="limit">Magnitude that makes an outlier.</param>
    public void Take(int row, int column, Span<float> block, float limit)
    {
        for (int i = 0; i < block.Length; i++)
        {
            if (MathF.Abs(block[i]) > limit)
            {
                _byRow[(row * _rowCapacity) + _counts[row]++] = new Outlier(column + i, row, block[i]);
                block[i] = 0;
            }
        }
    }

    /// <summary>Puts the outliers of the first rows in order, by counting how many each column has.</summary>
    public void Gather(int rows)
    {
        _count = 0;
        for (int row = 0; row < rows; row++)
        {
            _count += _counts[row];
        }
        if (rows == 1)
        {
            // Collected by column already.
            Row(0).CopyTo(_ordered);
            return;
        }
        if (_count == 0)
        {
            return;
        }
        Array.Clear(_starts);
        for (int row = 0; row < rows; row++)
        {
            foreach (Outlier outlier in Row(row))
            {
                _starts[outlier.Column + 1]++;
            }
        }
        for (int column = 1; column < _starts.Length; column++)
        {
            _starts[column] += _starts[column - 1];
        }
        // Rows ascending: so they stand in each column.
        for (int row = 0; row < rows; row++)
        {
            foreach (Outlier outlier in Row(row))
            {
                _ordered[_starts[outlier.Column]++] = outlier;
            }
        }
    }

    private ReadOnlySpan<Outlier> Row(int row) => _byRow.AsSpan(row * _rowCapacity, _counts[row]);
}
