using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Kernels.Tests;

/// <summary>What the blocks of a test matrix hold.</summary>
public enum Fill
{
    /// <summary>Random quants and scales like those of real models.</summary>
    Random,

    /// <summary>All bits of the quants and of the scales' integers set; scales at most 2.</summary>
    Ones,

    /// <summary>No bit of them set.</summary>
    Zeros,

    /// <summary>-128 in every signed byte, the high bit of everything else.</summary>
    HighBits,

    /// <summary>Random quants with the largest, the smallest, zero, subnormal and negative scales mixed.</summary>
    WildScales,
}

/// <summary>A matrix of weights in native memory, filled from a seed.</summary>
public sealed unsafe class Weights : IDisposable
{
    private static readonly ushort[] s_wild =
        [0x7BFF, 0xFBFF, 0x0001, 0x8001, 0x0000, 0x8000, 0x03FF, 0x0400, 0x3C00, 0xBC00, 0x1400, 0x5640];

    private readonly byte* _data;

    public Weights(GgmlType type, int rows, int columns, Fill fill, int seed)
    {
        long bytes = rows * GgmlTypes.RowBytes(type, columns);
        _data = (byte*)NativeMemory.Alloc((nuint)bytes);
        Matrix = new(type, rows, columns, _data);
        Span<byte> data = new(_data, (int)bytes);
        Random random = new(seed);
        random.NextBytes(data);
        if (fill is Fill.Ones or Fill.Zeros or Fill.HighBits)
        {
            data.Fill(fill switch { Fill.Ones => 0xFF, Fill.Zeros => 0, _ => 0x80 });
        }
        int[] halves = HalfFields(type);
        for (int block = 0; halves.Length > 0 && block < bytes; block += GgmlTypes.BlockBytes(type))
        {
            foreach (int offset in halves)
            {
                ushort half = fill == Fill.WildScales
                    ? s_wild[random.Next(s_wild.Length)]
                    : BitConverter.HalfToUInt16Bits((Half)(random.NextSingle() * 4 - 2));
                MemoryMarshal.Write(data[(block + offset)..], half);
            }
        }
    }

    /// <summary>The matrix.</summary>
    public WeightMatrix Matrix { get; }

    public void Dispose() => NativeMemory.Free(_data);

    /// <summary>Sets every half-precision field to a number.</summary>
    public Weights WithScales(float scale)
    {
        long bytes = Matrix.Rows * Matrix.RowBytes;
        for (int block = 0; block < bytes; block += GgmlTypes.BlockBytes(Matrix.Type))
        {
            foreach (int offset in HalfFields(Matrix.Type))
            {
                *(Half*)(_data + block + offset) = (Half)scale;
            }
        }
        return this;
    }

    /// <summary>Where a block has half-precision numbers. Types that are halves themselves, or have none, are filled with random bits as they are.</summary>
    private static int[] HalfFields(GgmlType type) => type switch
    {
        GgmlType.Q4_0 or GgmlType.Q5_0 or GgmlType.Q8_0 or GgmlType.IQ4_NL or GgmlType.IQ4_XS => [0],
        GgmlType.Q4_1 or GgmlType.Q5_1 or GgmlType.Q4_K or GgmlType.Q5_K => [0, 2],
        GgmlType.Q2_K => [80, 82],
        GgmlType.Q3_K => [108],
        GgmlType.Q6_K => [208],
        GgmlType.F16 => [0],
        _ => [],
    };
}
