using System.Runtime.InteropServices;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels;

/// <summary>
/// Activations as int8 in blocks of 32 with their scales and sums (<c>docs/arithmetic.md</c>), filled by <see cref="CpuOps.Quantize"/> and
/// read by the integer kernels. A buffer is reused from call to call: quantize once, multiply by every matrix with the same input.
/// </summary>
/// <remarks>
/// The memory is laid out so that kernels load whole vectors. Blocks come in groups of four, and in a group the first halves
/// of the four blocks stand before the second halves: a 512-bit load then has block <c>j</c> in its 128-bit lane <c>j</c>, a sum within
/// lanes is a sum within blocks, and <c>j</c> is the partial sum that the block belongs to. Scales of four tokens are interleaved, because kernels
/// work on four tokens at a time (or on four rows and one of the tokens). Rows are padded to whole groups with blocks that add nothing.
/// </remarks>
public sealed unsafe class QuantizedActivations : IDisposable
{
    /// <summary>Activations in a block.</summary>
    internal const int BlockLength = 32;

    /// <summary>Blocks in a group: one for each of the partial sums of a dot product.</summary>
    internal const int GroupBlocks = 4;

    /// <summary>Activations, and bytes of quants, in a group.</summary>
    internal const int GroupLength = GroupBlocks * BlockLength;

    /// <summary>Tokens whose scales are interleaved.</summary>
    internal const int TileRows = 4;

    private readonly int _capacityRows;
    private readonly int _maxColumns;
    private byte* _memory;

    /// <summary>Allocates room.</summary>
    /// <param name="capacityRows">Most rows (tokens) of a call.</param>
    /// <param name="maxColumns">Most columns of a row.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is less than 1.</exception>
    public QuantizedActivations(int capacityRows, int maxColumns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxColumns, 1);
        _capacityRows = RoundUp(capacityRows, TileRows);
        _maxColumns = RoundUp(maxColumns, GroupLength);
        nuint weights = (nuint)_capacityRows * (nuint)_maxColumns;
        nuint blocks = weights / BlockLength;
        nuint bytes = weights + blocks * (2 * sizeof(float) + 2 * sizeof(short) + (nuint)sizeof(ActivationFactors));
        _memory = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
        // Kernels compute on the unused tokens of a tile too and drop the results: leftovers that happen to be subnormal would only cost time.
        NativeMemory.Clear(_memory, bytes);
        Quants = (sbyte*)_memory;
        Scales = (float*)(_memory + weights);
        ScaledSums = Scales + blocks;
        Factors = (ActivationFactors*)(ScaledSums + blocks);
        HalfSums = (short*)(Factors + blocks);
        Outliers = new OutlierList(_capacityRows, _maxColumns);
    }

    /// <summary>Rows (tokens) held.</summary>
    public int Rows { get; private set; }

    /// <summary>Columns of each row; the last block may be partly, and blocks after it wholly, padding.</summary>
    public int Columns { get; private set; }

    /// <summary>Blocks of a row, padding to whole groups included.</summary>
    public int Blocks { get; private set; }

    /// <summary>Quants, int8 [<see cref="Rows"/>, <see cref="Blocks"/> / 4, 2 halves, 4 blocks, 16].</summary>
    public sbyte* Quants { get; }

    /// <summary>Scales, float32 [<see cref="Rows"/> / 4 rounded up, <see cref="Blocks"/>, 4 rows]; -0 in padding blocks.</summary>
    public float* Scales { get; }

    /// <summary>Scale times the sum of the block's quants, float32, laid out as <see cref="Scales"/>.</summary>
    public float* ScaledSums { get; }

    /// <summary>Sums of the quants of each half block, int16 [<see cref="Rows"/>, <see cref="Blocks"/>, 2].</summary>
    public short* HalfSums { get; }

    /// <summary>
    /// What the assembled kernels read of a block beside its quants [<see cref="Rows"/>, 4, <see cref="Blocks"/> / 4]: they visit first every
    /// block that belongs to the first partial sum, then those of the second.
    /// </summary>
    internal ActivationFactors* Factors { get; }

    /// <summary>Values that stand as 0 in the blocks and are multiplied in float32.</summary>
    internal OutlierList Outliers { get; }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    /// <summary>Sets the shape of what is about to be written.</summary>
    /// <exception cref="ArgumentException">It exceeds the room.</exception>
    internal void Reshape(int rows, int columns)
    {
        ObjectDisposedException.ThrowIf(_memory is null, this);
        if (rows > _capacityRows || columns > _maxColumns)
        {
            throw new ArgumentException($"Activations of {rows} rows by {columns} columns exceed the buffer's {_capacityRows} by {_maxColumns}.");
        }
        Rows = rows;
        Columns = columns;
        Blocks = RoundUp(columns, GroupLength) / BlockLength;
    }

    /// <summary>First quants of a row.</summary>
    internal sbyte* RowQuants(int row) => Quants + (long)row * Blocks * BlockLength;

    /// <summary>Scales of the tile of four rows that <paramref name="row"/> is in: [<see cref="Blocks"/>, 4].</summary>
    internal float* TileScales(int row) => Scales + (long)(row / TileRows) * Blocks * TileRows;

    /// <summary>Scaled sums of the tile of four rows that <paramref name="row"/> is in: [<see cref="Blocks"/>, 4].</summary>
    internal float* TileScaledSums(int row) => ScaledSums + (long)(row / TileRows) * Blocks * TileRows;

    /// <summary>Factors of a row [4, <see cref="Blocks"/> / 4].</summary>
    internal ActivationFactors* RowFactors(int row) => Factors + (long)row * Blocks;

    /// <summary>Place of a block in <see cref="RowFactors"/>.</summary>
    internal int FactorIndex(int block) => block % GroupBlocks * (Blocks / GroupBlocks) + block / GroupBlocks;

    /// <summary>Offset, from the start of a row's quants, of the first half of a block; the second half stands <see cref="SecondHalf"/> bytes further.</summary>
    internal static int HalfOffset(int block) => block / GroupBlocks * GroupLength + block % GroupBlocks * (BlockLength / 2);

    /// <summary>Distance in bytes from the first half of a block to the second.</summary>
    internal const int SecondHalf = GroupLength / 2;

    private static int RoundUp(int value, int multiple) => checked((value + multiple - 1) / multiple * multiple);
}
