using System.Runtime.InteropServices;
using System.Text.Json;
using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Quant.Tests;

/// <summary>The decoders against rows that ggml's own quantizers wrote and another implementation decoded, bit for bit.</summary>
public class RowDecoderTests
{
    private static readonly JsonElement s_index =
        JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("quant", "index.json"))).RootElement;

    private static readonly GgmlType[] s_goldenTypes =
        [.. s_index.GetProperty("types").EnumerateObject().Select(type => Enum.Parse<GgmlType>(type.Name))];

    private static readonly GgmlType[] s_supportedTypes = [.. GgmlTypes.All.Where(RowDecoder.Supports)];

    public static TheoryData<GgmlType> GoldenTypes => [.. s_goldenTypes];

    public static TheoryData<GgmlType> SupportedTypes => [.. s_supportedTypes];

    [Fact]
    public void Every_supported_format_has_golden_rows() =>
        Assert.Equal(s_supportedTypes, s_goldenTypes.Append(GgmlType.F32).Order());

    [Theory]
    [MemberData(nameof(GoldenTypes))]
    public void Decodes_the_golden_rows_to_the_same_bits(GgmlType type)
    {
        int rows = s_index.GetProperty("rows").GetInt32(), columns = s_index.GetProperty("cols").GetInt32();
        byte[] data = File.ReadAllBytes(RepoPaths.Vector("quant", $"{type}.bin"));
        int[] expected = ReadBits(RepoPaths.Vector("quant", $"{type}.f32"));
        Assert.Equal(rows * columns, expected.Length);
        int rowBytes = (int)GgmlTypes.RowBytes(type, columns);
        Assert.Equal(rows * rowBytes, data.Length);
        for (int r = 0; r < rows; r++)
        {
            float[] actual = new float[columns];
            RowDecoder.Decode(type, data.AsSpan(r * rowBytes, rowBytes), actual);
            Assert.Equal(expected.AsSpan(r * columns, columns), MemoryMarshal.Cast<float, int>(actual));
        }
    }

    [Fact]
    public void F32_keeps_its_bits()
    {
        byte[] data = File.ReadAllBytes(RepoPaths.Vector("quant", "input.f32"));
        float[] actual = new float[data.Length / 4];
        RowDecoder.Decode(GgmlType.F32, data, actual);
        Assert.Equal(data, MemoryMarshal.AsBytes(actual.AsSpan()));
    }

    [Theory]
    [MemberData(nameof(SupportedTypes))]
    public void A_row_of_the_wrong_length_is_refused(GgmlType type)
    {
        int length = GgmlTypes.BlockLength(type), bytes = GgmlTypes.BlockBytes(type);
        foreach (int wrong in new[] { 0, 2 * bytes - 1, 2 * bytes + 1, 3 * bytes })
        {
            ArgumentException error = Assert.Throws<ArgumentException>(
                () => RowDecoder.Decode(type, new byte[wrong], new float[2 * length]));
            Assert.StartsWith(
                $"A {type} row of {2 * length} weights takes {2 * bytes} bytes, but {wrong} were given.", error.Message, StringComparison.Ordinal);
        }
        if (length > 1)
        {
            ArgumentException error = Assert.Throws<ArgumentException>(
                () => RowDecoder.Decode(type, new byte[bytes], new float[length - 1]));
            Assert.StartsWith(
                $"A row of {length - 1} elements is not a whole number of {type} blocks of {length}.", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(GgmlType.IQ2_XXS, "IQ2_XXS")]
    [InlineData((GgmlType)12345, "12345")]
    public void A_format_without_decoder_is_refused_by_name(GgmlType type, string name)
    {
        Assert.False(RowDecoder.Supports(type));
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => RowDecoder.Decode(type, new byte[66], new float[256]));
        Assert.Contains($"type {name} ", error.Message, StringComparison.Ordinal);
        Assert.Contains("Q4_K", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SupportedTypes))]
    public void Empty_rows_are_rows(GgmlType type) => RowDecoder.Decode(type, [], []);

    private static int[] ReadBits(string path) => MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path)).ToArray();
}
