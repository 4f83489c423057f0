namespace LocalLlm.Gguf.Tests;

/// <summary>New files against bytes put together by hand, copies against their originals, and what the writer refuses.</summary>
public sealed unsafe class GgufWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void A_new_file_has_the_bytes_of_the_format(uint version)
    {
        GgufWriter writer = new(version);
        writer.Add("general.architecture", "llama");
        writer.Add("llama.block_count", 2u);
        writer.Add("tokenizer.ggml.tokens", GgufValue.OfArray(GgufValueType.String,
            [GgufValue.OfString("a"), GgufValue.OfString(""), GgufValue.OfString([0xFF, 0xC3])]));
        writer.AddArray("flags", true, false);
        writer.Add("nested", GgufValue.OfArray(GgufValueType.Array, [GgufValue.OfArray<byte>([7, 8]), GgufValue.OfStrings(["z"])]));
        writer.AddTensor("a.weight", GgmlType.F32, [2, 3], [.. Enumerable.Range(1, 24).Select(i => (byte)i)]);
        writer.AddTensor("b.weight", GgmlType.Q8_0, [32], [.. Enumerable.Range(101, 34).Select(i => (byte)i)]);
        writer.AddTensor("c", GgmlType.F16, [], [0x00, 0x3C]);

        // The hand-made file ends with its last tensor; the writer pads the end as well, as ggml does.
        Assert.Equal(RawGguf.Small(version).Pad().ToArray(), Bytes(writer));
    }

    [Fact]
    public void Scalars_and_arrays_have_the_type_of_their_dotnet_type()
    {
        GgufWriter writer = new();
        writer.Add("u8", (byte)1);
        writer.Add("i8", (sbyte)-1);
        writer.Add("u16", (ushort)2);
        writer.Add("i16", (short)-2);
        writer.Add("u32", 3u);
        writer.Add("i32", -3);
        writer.Add("f32", 0.5f);
        writer.Add("bool", true);
        writer.Add("u64", 4UL);
        writer.Add("i64", -4L);
        writer.Add("f64", 0.25);
        writer.AddArray("i32s", 1, 2);
        writer.AddArray("f32s", 0.5f);
        writer.AddArray("strings", ["x"]);

        RawGguf expected = new RawGguf().Header(0, 14)
            .Key("u8", 0).Bytes(1)
            .Key("i8", 1).Bytes(0xFF)
            .Key("u16", 2).Bytes(2, 0)
            .Key("i16", 3).Bytes(0xFE, 0xFF)
            .Key("u32", 4).U32(3)
            .Key("i32", 5).U32(0xFFFFFFFD)
            .Key("f32", 6).U32(0x3F000000)
            .Key("bool", 7).Bytes(1)
            .Key("u64", 10).U64(4)
            .Key("i64", 11).U64(0xFFFFFFFFFFFFFFFC)
            .Key("f64", 12).U64(0x3FD0000000000000)
            .Key("i32s", 9).U32(5).U64(2).U32(1).U32(2)
            .Key("f32s", 9).U32(6).U64(1).U32(0x3F000000)
            .Key("strings", 9).U32(8).U64(1).Text("x")
            .Pad();
        Assert.Equal(expected.ToArray(), Bytes(writer));
        Assert.Throws<ArgumentException>(() => writer.Add("char", 'c'));
    }

    [Fact]
    public void The_alignment_key_aligns()
    {
        GgufWriter writer = new();
        writer.Add("general.alignment", 64u);
        writer.AddTensor("x", GgmlType.I8, [1], [11]);
        writer.AddTensor("y", GgmlType.I8, [65], new byte[65]);
        writer.AddTensor("z", GgmlType.I8, [1], [22]);
        writer.Write(_folder["aligned.gguf"]);

        using GgufFile file = GgufFile.Open(_folder["aligned.gguf"]);
        Assert.Equal(64, file.Alignment);
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.FileOffset % 64));
        Assert.Equal((11, 22), (file.Get("x").Data[0], file.Get("z").Data[0]));
        Assert.Equal(0, file.FileBytes % 64);
    }

    [Fact]
    public void Large_tensors_are_asked_for_in_pieces_of_whole_blocks()
    {
        const long Rows = 20_000;
        long next = 0;
        GgufWriter writer = new();
        writer.AddTensor("big", GgmlType.Q6_K, [256, Rows], (offset, piece) =>
        {
            Assert.Equal(next, offset);
            Assert.Equal(0, piece.Length % 210);
            piece.Fill((byte)(offset >> 16));
            next += piece.Length;
        });
        long before = GC.GetAllocatedBytesForCurrentThread();
        writer.Write(_folder["big.gguf"]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 << 20);
        Assert.Equal(Rows * 210, next);

        using GgufFile file = GgufFile.Open(_folder["big.gguf"]);
        Assert.Equal(Rows * 210, file.Get("big").ByteLength);
        Assert.NotEqual(0, file.Get("big").Data[(Rows * 210) - 1]);
    }

    public static TheoryData<string> Layouts => [.. LayoutFiles.Keys];

    // Valid files that a writer of packed files would not have made.
    private static Dictionary<string, RawGguf> LayoutFiles => new()
    {
        ["no padding at the end"] = RawGguf.Small(),
        ["version 2"] = RawGguf.Small(version: 2),
        ["padding at the end"] = RawGguf.Small().Pad(),
        ["bytes behind the end"] = RawGguf.Small().Pad().Bytes(1, 2, 3, 4, 5),
        ["nothing but a header"] = new RawGguf().Header(0, 0),
        ["a padded header"] = new RawGguf().Header(0, 0).Pad(),
        ["a half padded header"] = new RawGguf().Header(0, 0).Bytes(0, 0),
        ["gaps and another order"] = new RawGguf().Header(2, 0).Tensor("late", GgmlType.I8, 128, 1).Tensor("early", GgmlType.I8, 32, 1)
            .Pad().Bytes(new byte[32]).Bytes(5).Pad().Bytes(new byte[64]).Bytes(6),
        ["padding that is not zero"] = new RawGguf().Header(2, 0).Tensor("s", GgmlType.I8, 0, 1).Tensor("t", GgmlType.I8, 32, 1)
            .Bytes([.. Enumerable.Repeat((byte)0xEE, 100)]),
        ["alignment as a 64-bit number"] = new RawGguf().Header(1, 1).Key("general.alignment", 10).U64(8).Tensor("t", GgmlType.I8, 8, 1).Bytes(new byte[20]),
        ["padding, alignment 8"] = new RawGguf().Header(1, 2).Key("general.alignment", 4).U32(8).Key("x", 0).Bytes(1)
            .Tensor("t", GgmlType.I8, 8, 1).Bytes([.. Enumerable.Repeat((byte)0xEE, 30)]),
        ["no BOM, no terminator"] = new RawGguf().Header(0, 2).Key("\uFEFFkey\0", 8).Text([0xEF, 0xBB, 0xBF, 0]).Key("", 8).Text(""),
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Any_valid_file_is_written_again_byte_for_byte(string layout)
    {
        byte[] bytes = LayoutFiles[layout].ToArray();
        using GgufFile file = GgufFile.Open(_folder.Write("original.gguf", bytes));
        Assert.Equal(bytes, Bytes(GgufWriter.From(file)));
    }

    [Fact]
    public void A_copy_can_be_added_to()
    {
        using GgufFile file = GgufFile.Open(_folder.Write("original.gguf", RawGguf.Small().ToArray()));
        GgufWriter more = GgufWriter.From(file);
        more.Add("extra", 1u);
        more.Write(_folder["more.gguf"]);
        using (GgufFile copy = GgufFile.Open(_folder["more.gguf"]))
        {
            Assert.Equal(1, copy.Metadata.GetInt32("extra"));
            Assert.Equal((1, 101, 0x3C), (copy.Get("a.weight").Data[0], copy.Get("b.weight").Data[0], copy.Get("c").Data[1]));
        }
        more.AddTensor("d", GgmlType.I8, [1], [44]);
        more.Write(_folder["more.gguf"]);
        using (GgufFile copy = GgufFile.Open(_folder["more.gguf"]))
        {
            Assert.Equal((1, 101, 0x3C, 44), (copy.Get("a.weight").Data[0], copy.Get("b.weight").Data[0], copy.Get("c").Data[1], copy.Get("d").Data[0]));
        }
    }

    [Fact]
    public void A_copy_with_another_alignment_is_laid_out_anew()
    {
        using GgufFile file = GgufFile.Open(_folder.Write("original.gguf", RawGguf.Small().ToArray()));
        GgufWriter writer = GgufWriter.From(file);
        writer.Add("general.alignment", 256u);
        writer.Write(_folder["original.gguf"]);

        using GgufFile copy = GgufFile.Open(_folder["original.gguf"]);
        Assert.Equal(256, copy.Alignment);
        Assert.Equal((1, 101, 0x3C), (copy.Get("a.weight").Data[0], copy.Get("b.weight").Data[0], copy.Get("c").Data[1]));
    }

    [Fact]
    public void A_write_that_fails_leaves_nothing_behind()
    {
        string path = _folder.Write("model.gguf", [1, 2, 3]);
        GgufWriter writer = new();
        writer.AddTensor("t", GgmlType.I8, [1], (_, _) => throw new InvalidOperationException("no data"));

        Assert.Throws<InvalidOperationException>(() => writer.Write(path));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Refuses_what_would_not_be_read_again()
    {
        GgufWriter writer = new();
        writer.Add("k", 1u);
        writer.AddTensor("t", GgmlType.I8, [1], [1]);

        Assert.Throws<ArgumentOutOfRangeException>(() => new GgufWriter(version: 1));
        Assert.Contains("'k'", Assert.Throws<ArgumentException>(() => writer.Add("k", 2u)).Message);
        Assert.Contains("'t'", Assert.Throws<ArgumentException>(() => writer.AddTensor("t", GgmlType.I8, [1], [1])).Message);
        Assert.ThrowsAny<ArgumentException>(() => writer.Add("\uD800", 1u));
        Assert.Throws<ArgumentException>(() => writer.Add(new string('k', 65_536), 1u));
        Assert.Throws<ArgumentException>(() => writer.AddTensor(new string('n', 1_025), GgmlType.I8, [1], [1]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("u", GgmlType.I8, [2], [1]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("u", GgmlType.I8, [0], []));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("u", GgmlType.I8, [1, 1, 1, 1, 1], [1]));
        Assert.Throws<ArgumentException>(() => writer.AddTensor("u", GgmlType.Q4_0, [16], new byte[9]));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddTensor("u", (GgmlType)4, [32], new byte[18]));
        Assert.Throws<ArgumentException>(() => GgufValue.OfArray(GgufValueType.String, [GgufValue.Of(1)]));

        writer.Add("general.alignment", 3u);
        Assert.Throws<GgufFormatException>(() => Bytes(writer));
    }

    private static byte[] Bytes(GgufWriter writer)
    {
        using MemoryStream stream = new();
        writer.Write(stream);
        return stream.ToArray();
    }
}
