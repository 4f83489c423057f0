using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Where the results of a group of four blocks go in <see cref="QuantizedActivations"/>.</summary>
internal readonly unsafe struct GroupPlace
{
    /// <summary>Finds the place.</summary>
    /// <param name="q">The buffer.</param>
    /// <param name="row">Row.</param>
    /// <param name="group">Group of four blocks.</param>
    public GroupPlace(QuantizedActivations q, int row, int group)
    {
        int tileRow = row % QuantizedActivations.TileRows;
        Quants = q.RowQuants(row) + (long)group * QuantizedActivations.GroupLength;
        HalfSums = q.HalfSums + ((long)row * q.Blocks + (long)group * QuantizedActivations.GroupBlocks) * 2;
        _scales = q.TileScales(row) + group * 16 + tileRow;
        _scaledSums = q.TileScaledSums(row) + group * 16 + tileRow;
        _factors = q.RowFactors(row) + group;
        _groups = q.Blocks / QuantizedActivations.GroupBlocks;
    }

    /// <summary>Quants of the group [2 halves, 4 blocks, 16].</summary>
    public readonly sbyte* Quants;

    /// <summary>Sums of half blocks [4 blocks, 2].</summary>
    public readonly short* HalfSums;

    private readonly float* _scales, _scaledSums;
    private readonly ActivationFactors* _factors;
    private readonly int _groups;

    /// <summary>Stores the factors of the four blocks.</summary>
    /// <param name="scale">Scales.</param>
    /// <param name="halfSums">Sums of half blocks [4 blocks, 2].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector128<float> scale, Vector256<int> halfSums)
    {
        Vector128<int> sum = Ssse3.HorizontalAdd(halfSums.GetLower(), halfSums.GetUpper());
        Vector128<float> scaledSum = scale * Sse2.ConvertToVector128Single(sum);
        Vector128<int> secondHalf = Sse.Shuffle(halfSums.GetLower().AsSingle(), halfSums.GetUpper().AsSingle(), 0b11_01_11_01).AsInt32();
        Scatter(scale, _scales);
        Scatter(scaledSum, _scaledSums);
        // A transposition: from vectors of four blocks to records of four fields.
        Vector128<float> start = (-(sum << 7)).AsSingle(), secondStart = (-(secondHalf << 5)).AsSingle();
        Vector128<float> ab0 = Sse.UnpackLow(scale, scaledSum), ab1 = Sse.UnpackHigh(scale, scaledSum);
        Vector128<float> cd0 = Sse.UnpackLow(start, secondStart), cd1 = Sse.UnpackHigh(start, secondStart);
        Sse.MoveLowToHigh(ab0, cd0).Store((float*)_factors);
        Sse.MoveHighToLow(cd0, ab0).Store((float*)(_factors + _groups));
        Sse.MoveLowToHigh(ab1, cd1).Store((float*)(_factors + 2 * _groups));
        Sse.MoveHighToLow(cd1, ab1).Store((float*)(_factors + 3 * _groups));
    }

    /// <summary>First quants of a block, 16 of them.</summary>
    public sbyte* First(int block) => Quants + block * (QuantizedActivations.BlockLength / 2);

    /// <summary>The other 16 quants of a block.</summary>
    public sbyte* Second(int block) => First(block) + QuantizedActivations.SecondHalf;

    /// <summary>Stores the factors of one block.</summary>
    /// <param name="block">0 to 3.</param>
    /// <param name="scale">Scale.</param>
    /// <param name="first">Sum of the first half.</param>
    /// <param name="second">Sum of the second half.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int block, float scale, int first, int second)
    {
        int sum = first + second;
        float scaledSum = scale * sum;
        HalfSums[2 * block] = (short)first;
        HalfSums[2 * block + 1] = (short)second;
        _scales[block * QuantizedActivations.TileRows] = scale;
        _scaledSums[block * QuantizedActivations.TileRows] = scaledSum;
        _factors[block * _groups] = new() { Scale = scale, ScaledSum = scaledSum, Start = -128 * sum, SecondHalfStart = -32 * second };
    }

    /// <summary>Makes a block of zeros.</summary>
    /// <param name="block">0 to 3.</param>
    /// <param name="scale">Its scale.</param>
    public void Clear(int block, float scale)
    {
        Unsafe.InitBlockUnaligned(First(block), 0, QuantizedActivations.BlockLength / 2);
        Unsafe.InitBlockUnaligned(Second(block), 0, QuantizedActivations.BlockLength / 2);
        Store(block, scale, 0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scatter(Vector128<float> v, float* to)
    {
        to[0] = v.GetElement(0);
        to[4] = v.GetElement(1);
        to[8] = v.GetElement(2);
        to[12] = v.GetElement(3);
    }
}
