namespace LocalLlm.Gguf.Tests;

/// <summary>Files put together byte by byte: every metadata type, shapes and places of tensors.</summary>
public sealed unsafe class HandMadeFileTests
{
    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void Reads_what_the_bytes_say(uint version)
    {
        using TempFolder folder = new();
        byte[] bytes = RawGguf.Small(version).ToArray();
        using GgufFile file = GgufFile.Open(folder.Write("small.gguf", bytes));

        Assert.Equal(version, file.Version);
        Assert.Equal(32, file.Alignment);
        Assert.Equal(bytes.Length, file.FileBytes);
        Assert.Equal([folder["small.gguf"]], file.Paths);
        Assert.Equal(["general.architecture", "llama.block_count", "tokenizer.ggml.tokens", "flags", "nested"], file.Metadata.Select(entry => entry.Key));
        Assert.Equal(["a.weight", "b.weight", "c"], file.Tensors.Select(tensor => tensor.Name));

        GgufTensor a = file.Get("a.weight");
        Assert.Equal([2, 3], a.Dimensions);
        Assert.Equal((2, 3, 6, 24), (a.Columns, a.Rows, a.ElementCount, a.ByteLength));
        Assert.Equal("F32 a.weight [2, 3]", a.ToString());
        Assert.Equal(Enumerable.Range(1, 24).Select(i => (byte)i), new ReadOnlySpan<byte>(a.Data, 24).ToArray());
        Assert.Equal(0, (nint)a.Data % 32);

        GgufTensor b = file.Get("b.weight");
        Assert.Equal((GgmlType.Q8_0, 34, 1), (b.Type, b.ByteLength, b.Rows));
        Assert.Equal((101, 134), (b.Data[0], b.Data[33]));

        GgufTensor scalar = file.Get("c");
        Assert.Empty(scalar.Dimensions);
        Assert.Equal((1, 1, 1, 2), (scalar.Columns, scalar.Rows, scalar.ElementCount, scalar.ByteLength));
        Assert.Equal(0x3C, scalar.Data[1]);
        Assert.Equal(bytes.Length, scalar.FileOffset + 2);
    }

    [Fact]
    public void Reads_every_metadata_type()
    {
        using TempFolder folder = new();
        RawGguf raw = new RawGguf().Header(tensors: 0, keys: 13)
            .Key("u8", 0).Bytes(0xFE)
            .Key("i8", 1).Bytes(0xFE)
            .Key("u16", 2).Bytes(0xFE, 0xFF)
            .Key("i16", 3).Bytes(0xFE, 0xFF)
            .Key("u32", 4).U32(0xFFFFFFFE)
            .Key("i32", 5).U32(0xFFFFFFFE)
            .Key("f32", 6).U32(0x3FC00000)
            .Key("bool", 7).Bytes(1)
            .Key("string", 8).Text("héllo")
            .Key("array", 9).U32(2).U64(2).Bytes(1, 0, 0xFF, 0xFF)
            .Key("u64", 10).U64(ulong.MaxValue)
            .Key("i64", 11).U64(ulong.MaxValue)
            .Key("f64", 12).U64(0x3FF8000000000000);
        using GgufFile file = GgufFile.Open(folder.Write("types.gguf", raw.ToArray()));
        GgufMetadata metadata = file.Metadata;

        Assert.Equal(13, metadata.Count);
        Assert.Equal(Enumerable.Range(0, 13).Select(i => (GgufValueType)i), metadata.Select(entry => entry.Value.Type));
        Assert.Equal([254, -2, 65534, -2, -2], new[] { "u8", "i8", "u16", "i16", "i32" }.Select(key => metadata.GetInt32(key)));
        Assert.Equal(4294967294UL, metadata.GetUInt64("u32"));
        Assert.Equal(ulong.MaxValue, metadata.GetUInt64("u64"));
        Assert.Equal(-1, metadata.GetInt32("i64"));
        Assert.Equal(1.5f, metadata.GetSingle("f32"));
        Assert.Equal(1.5f, metadata.GetSingle("f64"));
        Assert.Equal(254f, metadata.GetSingle("u8"));
        Assert.True(metadata.GetBoolean("bool"));
        Assert.Equal("héllo", metadata.GetString("string"));
        Assert.True(metadata.TryGetInt32s("array", out int[]? numbers));
        Assert.Equal([1, 65535], numbers);
        Assert.True(metadata.TryGetSingles("array", out float[]? singles));
        Assert.Equal([1f, 65535f], singles);
    }

    [Fact]
    public void Strings_keep_their_bytes_and_arrays_nest()
    {
        using TempFolder folder = new();
        using GgufFile file = GgufFile.Open(folder.Write("small.gguf", RawGguf.Small().ToArray()));

        Assert.Equal(["a", "", "\uFFFD\uFFFD"], file.Metadata.GetStrings("tokenizer.ggml.tokens"));
        GgufStrings bytes = file.Metadata.GetStringBytes("tokenizer.ggml.tokens");
        Assert.Equal((3, 3), (bytes.Count, bytes.TotalBytes));
        Assert.Equal([[(byte)'a'], [], [0xFF, 0xC3]], Enumerable.Range(0, bytes.Count).Select(i => bytes[i].ToArray()));
        Assert.Throws<IndexOutOfRangeException>(() => bytes[3].Length);
        Assert.True(file.Metadata.TryGetValue("tokenizer.ggml.tokens", out GgufValue? tokens));
        Assert.Equal([0xFF, 0xC3], tokens.Elements().Last().Payload.ToArray());
        Assert.True(file.Metadata.TryGetBooleans("flags", out bool[]? flags));
        Assert.Equal([true, false], flags);

        Assert.True(file.Metadata.TryGetValue("nested", out GgufValue? nested));
        Assert.Equal("array of array", nested.TypeName);
        GgufValue[] inner = [.. nested.Elements()];
        Assert.True(inner[0].TryGetInt32s(out int[] numbers));
        Assert.Equal([7, 8], numbers);
        Assert.True(inner[1].TryGetStrings(out string[] strings));
        Assert.Equal(["z"], strings);
    }

    [Fact]
    public void Alignment_of_the_file_moves_the_data()
    {
        using TempFolder folder = new();
        RawGguf raw = new RawGguf().Header(tensors: 2, keys: 1)
            .Key("general.alignment", 4).U32(128)
            .Tensor("x", GgmlType.I8, 0, 1)
            .Tensor("y", GgmlType.I8, 128, 1)
            .Pad(128).Bytes(11).Pad(128).Bytes(22);
        using GgufFile file = GgufFile.Open(folder.Write("aligned.gguf", raw.ToArray()));

        Assert.Equal(128, file.Alignment);
        Assert.Equal((11, 22), (file.Get("x").Data[0], file.Get("y").Data[0]));
    }

    [Fact]
    public void Tensors_may_lie_in_any_order_with_gaps()
    {
        using TempFolder folder = new();
        RawGguf raw = new RawGguf().Header(tensors: 2, keys: 0)
            .Tensor("late", GgmlType.I8, 96, 1)
            .Tensor("early", GgmlType.I8, 32, 1)
            .Pad().Bytes(new byte[32]).Bytes(5).Pad().Bytes(new byte[32]).Bytes(6).Bytes(9, 9, 9);
        using GgufFile file = GgufFile.Open(folder.Write("gaps.gguf", raw.ToArray()));

        Assert.Equal(["late", "early"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal((6, 5), (file.Get("late").Data[0], file.Get("early").Data[0]));
    }

    [Fact]
    public void Disposal_ends_the_data_but_not_the_metadata()
    {
        using TempFolder folder = new();
        GgufFile file = GgufFile.Open(folder.Write("small.gguf", RawGguf.Small().ToArray()));
        GgufTensor tensor = file.Get("c");
        file.Dispose();
        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => tensor.Data[0]);
        Assert.Equal(2, file.Metadata.GetInt32("llama.block_count"));
    }

    [Fact]
    public void A_mapped_file_can_be_replaced_by_renaming()
    {
        using TempFolder folder = new();
        using GgufFile file = GgufFile.Open(folder.Write("model.gguf", RawGguf.Small().ToArray()));
        File.Move(folder.Write("new.gguf", [1]), folder["model.gguf"], overwrite: true);

        Assert.Equal(1, file.Get("a.weight").Data[0]);
    }
}
