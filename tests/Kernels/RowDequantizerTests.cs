using System.Runtime.InteropServices;
using System.Text.Json;
using LocalLlm.Gguf;
using LocalLlm.Quant;
using LocalLlm.Tests;

namespace LocalLlm.Kernels.Tests;

/// <summary>One law for every level and format: the bits of the scalar specification, and not one byte beyond the row.</summary>
public unsafe class RowDequantizerTests
{
    private const float Untouched = 12345.678f;

    private static readonly GgmlType[] s_types = [.. GgmlTypes.All.Where(RowDecoder.Supports)];

    public static TheoryData<SimdLevel, GgmlType> LevelsAndTypes
    {
        get
        {
            TheoryData<SimdLevel, GgmlType> cases = [];
            foreach (SimdLevel level in Levels.Run)
            {
                foreach (GgmlType type in s_types)
                {
                    cases.Add(level, type);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void Golden_rows_decode_to_the_golden_bits(SimdLevel level, GgmlType type)
    {
        byte[] data = File.ReadAllBytes(type == GgmlType.F32 ? RepoPaths.Vector("quant", "input.f32") : RepoPaths.Vector("quant", $"{type}.bin"));
        byte[] expected = File.ReadAllBytes(RepoPaths.Vector("quant", type == GgmlType.F32 ? "input.f32" : $"{type}.f32"));
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("quant", "index.json")));
        int columns = index.RootElement.GetProperty("cols").GetInt32();
        int rowBytes = (int)GgmlTypes.RowBytes(type, columns);
        for (int r = 0; r < index.RootElement.GetProperty("rows").GetInt32(); r++)
        {
            float[] actual = Dequantize(level, type, data.AsSpan(r * rowBytes, rowBytes), columns);
            Assert.Equal(expected.AsSpan(r * columns * 4, columns * 4), MemoryMarshal.AsBytes(actual.AsSpan()));
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void Any_bytes_decode_as_the_specification_says(SimdLevel level, GgmlType type)
    {
        Random random = new(17);
        int length = GgmlTypes.BlockLength(type);
        for (int blocks = 0; blocks <= 40; blocks++)
        {
            byte[] row = new byte[GgmlTypes.RowBytes(type, blocks * length)];
            random.NextBytes(row);
            AssertLikeSpecification(level, type, row, blocks * length);
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void Any_scale_decodes_as_the_specification_says(SimdLevel level, GgmlType type)
    {
        // Every pair of bytes in turn takes the halves that matter (zeros, subnormals, largest, infinities, NaN), so D, DMin and M do.
        ushort[] halves = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFFFF];
        Random random = new(19);
        int length = GgmlTypes.BlockLength(type), columns = Math.Max(length, 32);
        byte[] row = new byte[GgmlTypes.RowBytes(type, columns)];
        int places = length == 1 ? row.Length : GgmlTypes.BlockBytes(type);
        foreach (ushort half in halves)
        {
            for (int at = 0; at + 2 <= places; at += 2)
            {
                random.NextBytes(row);
                BitConverter.TryWriteBytes(row.AsSpan(at), half);
                AssertLikeSpecification(level, type, row, columns);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void Extreme_rows_decode_as_the_specification_says(SimdLevel level, GgmlType type)
    {
        int columns = 3 * Math.Max(GgmlTypes.BlockLength(type), 17);
        byte[] row = new byte[GgmlTypes.RowBytes(type, columns)];
        foreach (byte pattern in new byte[] { 0x00, 0xFF, 0x55, 0xAA, 0x7F, 0x80, 0x0F, 0xF0 })
        {
            Array.Fill(row, pattern);
            AssertLikeSpecification(level, type, row, columns);
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void A_part_of_a_block_is_refused(SimdLevel level, GgmlType type)
    {
        int length = GgmlTypes.BlockLength(type);
        byte[] row = new byte[GgmlTypes.BlockBytes(type)];
        if (length > 1)
        {
            Assert.Throws<ArgumentException>(() => Dequantize(level, type, row, length - 1));
        }
        Assert.ThrowsAny<ArgumentException>(() => Dequantize(level, type, row, -length));
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void A_format_without_decoder_is_refused_by_name(SimdLevel level)
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => Dequantize(level, GgmlType.IQ1_S, new byte[50], 256));
        Assert.Contains("IQ1_S", error.Message, StringComparison.Ordinal);
    }

    private static void AssertLikeSpecification(SimdLevel level, GgmlType type, byte[] row, int columns)
    {
        float[] expected = new float[columns];
        RowDecoder.Decode(type, row, expected);
        float[] actual = Dequantize(level, type, row, columns);
        for (int i = 0; i < columns; i++)
        {
            bool same = BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i]);
            if (!same && !(float.IsNaN(expected[i]) && float.IsNaN(actual[i])))
            {
                Assert.Fail($"Weight {i} of {columns}: {actual[i]:R} instead of {expected[i]:R}.");
            }
        }
    }

    /// <summary>Decodes into the middle of a larger buffer, at an odd address, and looks whether its surroundings stay as they were.</summary>
    private static float[] Dequantize(SimdLevel level, GgmlType type, ReadOnlySpan<byte> row, int columns)
    {
        const int Margin = 17;
        byte[] shifted = [0, .. row];
        float[] buffer = new float[Math.Max(columns, 0) + 2 * Margin];
        Array.Fill(buffer, Untouched);
        fixed (byte* source = shifted)
        fixed (float* destination = buffer)
        {
            RowDequantizer.Dequantize(level, type, source + 1, columns, destination + Margin);
        }
        Assert.False(buffer.AsSpan(..Margin).ContainsAnyExcept(Untouched), "Written before the destination.");
        Assert.False(buffer.AsSpan(^Margin..).ContainsAnyExcept(Untouched), "Written past the destination.");
        return buffer[Margin..^Margin];
    }
}
