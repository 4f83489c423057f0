using System.Reflection;
using System.Runtime.CompilerServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant.Tests;

/// <summary>Laws of the block structs themselves: their sizes, and what their scales do to any quants.</summary>
public class BlockTests
{
    private static readonly Type[] s_blockStructs = [.. typeof(IBlock<>).Assembly.GetTypes().Where(IsBlock)];

    public static TheoryData<Type> BlockStructs => [.. s_blockStructs];

    [Fact]
    public void Every_supported_format_has_one_struct() =>
        Assert.Equal(
            GgmlTypes.All.Where(RowDecoder.Supports),
            s_blockStructs.Select(block => (GgmlType)block.GetProperty("Type")!.GetValue(null)!).Order());

    [Theory]
    [MemberData(nameof(BlockStructs))]
    public void Size_is_the_one_of_the_format(Type block) =>
        typeof(BlockTests).GetMethod(nameof(AssertSize), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(block).Invoke(null, null);

    // Where D (and the half that scales or is the minimum, -1 for none) stands in a block, after ggml's structs.
    [Theory]
    [InlineData(GgmlType.Q4_0, 0, -1)]
    [InlineData(GgmlType.Q4_1, 0, 2)]
    [InlineData(GgmlType.Q5_0, 0, -1)]
    [InlineData(GgmlType.Q5_1, 0, 2)]
    [InlineData(GgmlType.Q8_0, 0, -1)]
    [InlineData(GgmlType.Q2_K, 80, 82)]
    [InlineData(GgmlType.Q3_K, 108, -1)]
    [InlineData(GgmlType.Q4_K, 0, 2)]
    [InlineData(GgmlType.Q5_K, 0, 2)]
    [InlineData(GgmlType.Q6_K, 208, -1)]
    [InlineData(GgmlType.IQ4_NL, 0, -1)]
    [InlineData(GgmlType.IQ4_XS, 0, -1)]
    public void Weights_are_linear_in_the_scale_whatever_its_bits(GgmlType type, int scaleAt, int minimumAt)
    {
        Half[] scales =
        [
            Half.Epsilon, -Half.Epsilon, BitConverter.UInt16BitsToHalf(0x03FF), Half.Zero, Half.NegativeZero,
            Half.MaxValue, Half.MinValue, (Half)0.1f, Half.PositiveInfinity, Half.NegativeInfinity, Half.NaN,
        ];
        byte[] block = new byte[GgmlTypes.BlockBytes(type)];
        Random random = new(7);
        for (int round = 0; round < 20; round++)
        {
            random.NextBytes(block);
            float[] units = DecodeWith(type, block, scaleAt, Half.One, minimumAt);
            foreach (Half scale in scales)
            {
                // The products are exact and the minimum is zero, so one multiplication of the unscaled weight gives the same value.
                Assert.Equal(
                    units.Select(unit => (float)scale * unit).Select(Unsigned),
                    DecodeWith(type, block, scaleAt, scale, minimumAt).Select(Unsigned));
            }
        }
    }

    [Theory]
    [InlineData(GgmlType.Q4_1, 2, -1f)]
    [InlineData(GgmlType.Q5_1, 2, -1f)]
    [InlineData(GgmlType.Q2_K, 82, 15f)]
    [InlineData(GgmlType.Q4_K, 2, 63f)]
    [InlineData(GgmlType.Q5_K, 2, 63f)]
    public void With_all_other_bits_set_the_minimum_alone_remains_at_scale_zero(GgmlType type, int minimumAt, float minimum)
    {
        byte[] block = new byte[GgmlTypes.BlockBytes(type)];
        Array.Fill(block, (byte)0xFF);
        int scaleAt = minimumAt - 2;
        float[] weights = DecodeWith(type, block, scaleAt, Half.Zero, minimumAt, (Half)0.5f);
        Assert.All(weights, weight => Assert.Equal(-0.5f * minimum, weight));
    }

    [Theory]
    [MemberData(nameof(RowDecoderTests.SupportedTypes), MemberType = typeof(RowDecoderTests))]
    public void A_block_of_ones_is_all_nan(GgmlType type)
    {
        // Every scale is then a NaN; of a Q8_0 block too, whose quants are -1.
        byte[] block = new byte[GgmlTypes.BlockBytes(type)];
        Array.Fill(block, (byte)0xFF);
        float[] weights = new float[GgmlTypes.BlockLength(type)];
        RowDecoder.Decode(type, block, weights);
        Assert.All(weights, weight => Assert.True(float.IsNaN(weight)));
    }

    private static float[] DecodeWith(GgmlType type, byte[] block, int scaleAt, Half scale, int minimumAt, Half minimum = default)
    {
        BitConverter.TryWriteBytes(block.AsSpan(scaleAt), scale);
        if (minimumAt >= 0)
        {
            BitConverter.TryWriteBytes(block.AsSpan(minimumAt), minimum);
        }
        float[] weights = new float[GgmlTypes.BlockLength(type)];
        RowDecoder.Decode(type, block, weights);
        return weights;
    }

    /// <summary>Minus zero as zero: which zero it is depends on the sign of the factors, not on the value.</summary>
    private static float Unsigned(float weight) => weight == 0 ? 0f : weight;

    private static void AssertSize<TBlock>()
        where TBlock : unmanaged, IBlock<TBlock> =>
        Assert.Equal(GgmlTypes.BlockBytes(TBlock.Type), Unsafe.SizeOf<TBlock>());

    private static bool IsBlock(Type type) =>
        type.IsValueType && type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IBlock<>));
}
