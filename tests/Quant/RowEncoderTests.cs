using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Quant.Tests;

/// <summary>
/// The encoders against ggml's own: its bytes where they are promised, else its decoded error on the golden input (<c>tests/Vectors/quant</c>, whose
/// <c>TYPE.bin</c> are ggml's encodings of <c>input.f32</c>).
/// </summary>
public class RowEncoderTests
{
    private static readonly JsonElement s_index =
        JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("quant", "index.json"))).RootElement;

    private static readonly float[] s_input =
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(RepoPaths.Vector("quant", "input.f32"))).ToArray();

    public static TheoryData<GgmlType> Types => [.. RowEncoder.Types];

    public static TheoryData<GgmlType> RoundedTypes => [.. RowEncoder.Types.Where(type => type != GgmlType.F32)];

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void The_golden_input_decodes_no_worse_than_from_ggml(GgmlType type)
    {
        double reference = s_index.GetProperty("types").GetProperty(type.ToString()).GetProperty("rmse").GetDouble();
        double error = Rmse(s_input, Decoded(type, Encoded(type, s_input)));
        Assert.True(error <= 1.02 * reference, $"{error / reference:0.0000} times ggml's error");
    }

    [Theory]
    [InlineData(GgmlType.F16)]
    [InlineData(GgmlType.BF16)]
    [InlineData(GgmlType.Q8_0)]
    public void The_golden_input_gives_the_bytes_of_ggml(GgmlType type) =>
        Assert.Equal(File.ReadAllBytes(RepoPaths.Vector("quant", $"{type}.bin")), Encoded(type, s_input));

    [Fact]
    public void F32_keeps_its_bits() => Assert.Equal(s_input, Decoded(GgmlType.F32, Encoded(GgmlType.F32, s_input)));

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void Bell_shaped_weights_lose_what_the_format_must_lose(GgmlType type)
    {
        // Measured errors of normally distributed weights of deviation 1, rounded up in the third digit.
        double bound = type switch
        {
            GgmlType.F16 => 0.000212,
            GgmlType.BF16 => 0.00169,
            GgmlType.Q8_0 => 0.00540,
            GgmlType.Q4_0 => 0.0816,
            GgmlType.Q4_1 => 0.0704,
            GgmlType.Q5_0 => 0.0404,
            GgmlType.Q5_1 => 0.0340,
            GgmlType.Q4_K => 0.0711,
            GgmlType.Q5_K => 0.0353,
            GgmlType.Q6_K => 0.0173,
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };
        float[] row = Normal(256 * 256, 1);
        Assert.InRange(Rmse(row, Decoded(type, Encoded(type, row))), 0, bound);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Zeros_stay_zeros(GgmlType type)
    {
        float[] row = new float[512];
        for (int i = 256; i < row.Length; i++)
        {
            row[i] = i % 2 == 0 ? -0f : float.Epsilon * (i % 3 - 1); // and what no half-precision number can tell from them
        }
        Assert.All(Decoded(type, Encoded(type, row)), weight => Assert.InRange(Math.Abs(weight), 0, type is GgmlType.F32 or GgmlType.BF16 ? float.Epsilon : 0));
    }

    [Theory]
    [InlineData(GgmlType.F16)]
    [InlineData(GgmlType.Q4_0)]
    [InlineData(GgmlType.Q4_1)]
    [InlineData(GgmlType.Q5_0)]
    [InlineData(GgmlType.Q5_1)]
    [InlineData(GgmlType.Q4_K)]
    [InlineData(GgmlType.Q5_K)]
    [InlineData(GgmlType.Q6_K)]
    public void Small_weights_keep_what_half_precision_leaves_them(GgmlType type)
    {
        // Half precision counts in steps of 2^-24 here, scales too: a step of the scale is a few of the weights. (Of Q8_0 ggml's bytes are promised, which lose more.)
        foreach (float size in new[] { 1e-3f, 1e-5f, 1e-6f, 3e-7f, 1e-7f, 1e-9f })
        {
            float[] row = [.. Normal(1024, 3).Select(weight => size * weight)];
            float[] decoded = Decoded(type, Encoded(type, row));
            double coarse = type switch { GgmlType.Q4_0 => 0.11, GgmlType.Q4_1 or GgmlType.Q4_K => 0.1, GgmlType.Q5_0 or GgmlType.Q5_1 or GgmlType.Q5_K => 0.06, _ => 0.03 };
            Assert.InRange(Rmse(row, decoded), 0, coarse * size + 3 * Math.ScaleB(1, -24));
        }
    }

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void Blocks_of_one_number_keep_it(GgmlType type)
    {
        foreach (float number in new[] { 1f, -1f, 0.37f, -0.37f, 65504f, -65504f, 1e-3f })
        {
            float[] row = new float[256];
            Array.Fill(row, number);
            Assert.All(Decoded(type, Encoded(type, row)), weight => Assert.InRange(weight / number, 1 - 0.008, 1 + 0.008));
        }
    }

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void An_outlier_is_kept_and_costs_only_its_block(GgmlType type)
    {
        float[] calm = [.. Normal(1024, 5).Select(weight => 0.02f * weight)];
        float[] row = [.. calm];
        row[300] = -40;
        float[] decoded = Decoded(type, Encoded(type, row)), others = Decoded(type, Encoded(type, calm));
        Assert.InRange(decoded[300], -40.4, -39.6);
        int length = GgmlTypes.BlockLength(type), block = 300 / length * length;
        for (int i = 0; i < row.Length; i++)
        {
            if (i < block || i >= block + length)
            {
                Assert.Equal(others[i], decoded[i]);
            }
            else if (i != 300)
            {
                Assert.InRange(decoded[i], -40 / 8.0, 40 / 8.0);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RoundedTypes))]
    public void The_nearest_quants_are_taken(GgmlType type)
    {
        // What has been decoded lies on a block's grid: taken again with the same scales it is met exactly, so that a second fit can only find as much or more.
        float[] once = Decoded(type, Encoded(type, s_input));
        float[] twice = Decoded(type, Encoded(type, once));
        double step = Rmse(s_input, once);
        Assert.InRange(Rmse(once, twice), 0, 0.55 * step);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void What_is_no_number_is_refused(float weight)
    {
        foreach (GgmlType type in RowEncoder.Types)
        {
            foreach (int index in new[] { 0, 7, 300, 511 })
            {
                float[] row = new float[512];
                row[index] = weight;
                byte[] destination = new byte[GgmlTypes.RowBytes(type, row.Length)];
                WeightRangeException error = Assert.Throws<WeightRangeException>(() => RowEncoder.Encode(type, row, destination));
                Assert.Equal((index, weight), (error.Index, error.Weight));
                Assert.Contains("is not a finite number", error.Message, StringComparison.Ordinal);
                Assert.All(destination, value => Assert.Equal(0, value));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void The_largest_weight_is_kept_and_a_larger_one_refused(GgmlType type)
    {
        float[] row = Normal(256, 9);
        (row[17], row[130]) = (RowEncoder.LargestMagnitude(type), -RowEncoder.LargestMagnitude(type));
        float[] decoded = Decoded(type, Encoded(type, row));
        Assert.All(decoded, weight => Assert.True(float.IsFinite(weight)));
        Assert.InRange(decoded[17] / row[17], 0.9, 1.01);
        if (type != GgmlType.F32)
        {
            row[17] = MathF.BitIncrement(row[17]);
            WeightRangeException error = Assert.Throws<WeightRangeException>(() => Encoded(type, row));
            Assert.Contains($"too large for {type}", error.Message, StringComparison.Ordinal);
            Assert.Equal(17, error.Index);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Sizes_that_do_not_fit_are_refused(GgmlType type)
    {
        int length = GgmlTypes.BlockLength(type), bytes = GgmlTypes.BlockBytes(type);
        ArgumentException error = Assert.Throws<ArgumentException>(() => RowEncoder.Encode(type, new float[2 * length], new byte[2 * bytes + 1]));
        Assert.StartsWith($"A {type} row of {2 * length} weights takes {2 * bytes} bytes, but {2 * bytes + 1} were given.", error.Message, StringComparison.Ordinal);
        if (length > 1)
        {
            Assert.Throws<ArgumentException>(() => RowEncoder.Encode(type, new float[length + 1], new byte[bytes]));
        }
    }

    [Fact]
    public void A_format_without_encoder_is_refused_by_name()
    {
        Assert.False(RowEncoder.Supports(GgmlType.IQ4_XS));
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => RowEncoder.Encode(GgmlType.IQ4_XS, new float[256], new byte[136]));
        Assert.Contains("IQ4_XS", error.Message, StringComparison.Ordinal);
        Assert.Contains("Q4_K", error.Message, StringComparison.Ordinal);
    }

    // First bytes of SHA-256 over the encoded golden input. They change with the search for scales, and must not change with the processor.
    [Theory]
    [InlineData(GgmlType.Q4_0, "A5ECFD120CF3F1D0")]
    [InlineData(GgmlType.Q4_1, "8AFFFA4B8419E684")]
    [InlineData(GgmlType.Q5_0, "C8D97E12E6B36ECE")]
    [InlineData(GgmlType.Q5_1, "5F02E28BCB3628D7")]
    [InlineData(GgmlType.Q4_K, "84D48A56E180A6F1")]
    [InlineData(GgmlType.Q5_K, "3197BAE8CE65E0E5")]
    [InlineData(GgmlType.Q6_K, "CBE28F8F72641CD6")]
    public void Every_processor_gives_the_same_bytes(GgmlType type, string expected) =>
        Assert.Equal(expected, Convert.ToHexString(SHA256.HashData(Encoded(type, s_input)))[..16]);

    private static byte[] Encoded(GgmlType type, ReadOnlySpan<float> row)
    {
        byte[] encoded = new byte[GgmlTypes.RowBytes(type, row.Length)];
        RowEncoder.Encode(type, row, encoded);
        return encoded;
    }

    private static float[] Decoded(GgmlType type, byte[] row)
    {
        float[] decoded = new float[row.Length / GgmlTypes.BlockBytes(type) * GgmlTypes.BlockLength(type)];
        RowDecoder.Decode(type, row, decoded);
        return decoded;
    }

    private static double Rmse(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual, (e, a) => ((double)e - a) * ((double)e - a)).Average());

    /// <summary>Normally distributed numbers of deviation 1 (Box and Muller 1958).</summary>
    private static float[] Normal(int count, int seed)
    {
        Random random = new(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return numbers;
    }
}
