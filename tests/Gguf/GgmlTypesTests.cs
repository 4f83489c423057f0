namespace LocalLlm.Gguf.Tests;

public sealed class GgmlTypesTests
{
    // Number, elements and bytes of a block; the bytes added up from the fields of ggml's block structs.
    public static TheoryData<uint, string, int, int> Facts => new()
    {
        { 0, "F32", 1, 4 },
        { 1, "F16", 1, 2 },
        { 2, "Q4_0", 32, 2 + 16 },
        { 3, "Q4_1", 32, 2 + 2 + 16 },
        { 6, "Q5_0", 32, 2 + 4 + 16 },
        { 7, "Q5_1", 32, 2 + 2 + 4 + 16 },
        { 8, "Q8_0", 32, 2 + 32 },
        { 9, "Q8_1", 32, 2 + 2 + 32 },
        { 10, "Q2_K", 256, 16 + 64 + 2 + 2 },
        { 11, "Q3_K", 256, 32 + 64 + 12 + 2 },
        { 12, "Q4_K", 256, 2 + 2 + 12 + 128 },
        { 13, "Q5_K", 256, 2 + 2 + 12 + 32 + 128 },
        { 14, "Q6_K", 256, 128 + 64 + 16 + 2 },
        { 15, "Q8_K", 256, 4 + 256 + (16 * 2) },
        { 16, "IQ2_XXS", 256, 2 + (32 * 2) },
        { 17, "IQ2_XS", 256, 2 + (32 * 2) + 8 },
        { 18, "IQ3_XXS", 256, 2 + 96 },
        { 19, "IQ1_S", 256, 2 + 32 + (8 * 2) },
        { 20, "IQ4_NL", 32, 2 + 16 },
        { 21, "IQ3_S", 256, 2 + 64 + 8 + 32 + 4 },
        { 22, "IQ2_S", 256, 2 + 64 + 8 + 8 },
        { 23, "IQ4_XS", 256, 2 + 2 + 4 + 128 },
        { 24, "I8", 1, 1 },
        { 25, "I16", 1, 2 },
        { 26, "I32", 1, 4 },
        { 27, "I64", 1, 8 },
        { 28, "F64", 1, 8 },
        { 29, "IQ1_M", 256, 32 + 16 + 8 },
        { 30, "BF16", 1, 2 },
        { 34, "TQ1_0", 256, 48 + 4 + 2 },
        { 35, "TQ2_0", 256, 64 + 2 },
        { 39, "MXFP4", 32, 1 + 16 },
    };

    [Theory]
    [MemberData(nameof(Facts))]
    public void Sizes_are_those_of_ggml(uint number, string name, int length, int bytes)
    {
        GgmlType type = (GgmlType)number;
        Assert.True(GgmlTypes.IsDefined(type));
        Assert.Equal(name, GgmlTypes.Name(type));
        Assert.Equal(length, GgmlTypes.BlockLength(type));
        Assert.Equal(bytes, GgmlTypes.BlockBytes(type));
        Assert.Equal(length > 1, GgmlTypes.IsQuantized(type));
        Assert.Equal(3L * bytes, GgmlTypes.RowBytes(type, 3L * length));
    }

    [Fact]
    public void Every_type_of_the_enum_is_in_the_table_and_in_this_test()
    {
        Assert.Equal(Enum.GetValues<GgmlType>(), GgmlTypes.All);
        Assert.Equal(GgmlTypes.All.Select(type => (uint)type).Order(), Facts.Select(row => (uint)row[0]).Order());
    }

    [Theory]
    [InlineData(4u)]
    [InlineData(5u)]
    [InlineData(31u)]
    [InlineData(36u)]
    [InlineData(40u)]
    [InlineData(uint.MaxValue)]
    public void Other_numbers_are_no_types(uint number)
    {
        Assert.False(GgmlTypes.IsDefined((GgmlType)number));
        Assert.Contains($"{number}", Assert.Throws<ArgumentOutOfRangeException>(() => GgmlTypes.BlockBytes((GgmlType)number)).Message);
    }

    [Fact]
    public void Rows_are_whole_blocks()
    {
        Assert.Contains("33", Assert.Throws<ArgumentException>(() => GgmlTypes.RowBytes(GgmlType.Q8_0, 33)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => GgmlTypes.RowBytes(GgmlType.F32, -1));
        Assert.Throws<OverflowException>(() => GgmlTypes.RowBytes(GgmlType.F64, long.MaxValue));
    }
}
