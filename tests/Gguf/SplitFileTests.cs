namespace LocalLlm.Gguf.Tests;

/// <summary>Models in several files.</summary>
public sealed unsafe class SplitFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_part_opens_all()
    {
        WriteParts();
        using GgufFile file = GgufFile.Open(PathOf(1));

        Assert.Equal([PathOf(1), PathOf(2), PathOf(3)], file.Paths);
        Assert.Equal(["t0", "t1", "t2", "t2b"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([10, 11, 12, 13], file.Tensors.Select(tensor => (int)tensor.Data[0]));
        Assert.Equal([PathOf(1), PathOf(2), PathOf(3), PathOf(3)], file.Tensors.Select(tensor => tensor.Path));
        Assert.Equal("split", file.Metadata.GetString("general.name"));
        Assert.Equal(file.Paths.Sum(path => new FileInfo(path).Length), file.FileBytes);
    }

    [Fact]
    public void Another_part_says_to_open_the_first()
    {
        WriteParts();
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(2)));
        Assert.Contains("it is part 2 of 3 of a split model, open the first, 'model-00001-of-00003.gguf'", error.Message);
        Assert.Equal(("split.no", "0", "1"), (error.Key, error.Expected, error.Found));
    }

    [Fact]
    public void A_missing_part_is_named()
    {
        WriteParts();
        File.Delete(PathOf(3));
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(1)));
        Assert.Contains("part 3 of 3 is missing, put the file 'model-00003-of-00003.gguf' beside it", error.Message);
    }

    [Fact]
    public void A_first_part_under_another_name_says_what_its_name_must_be()
    {
        WriteParts();
        foreach (string name in new[] { "model.gguf", "model-00001-of-00004.gguf", "model-00002-of-00003.gguf" })
        {
            File.Copy(PathOf(1), _folder[name], overwrite: true);
            GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(_folder[name]));
            Assert.Equal(("a name that ends in -00001-of-00003.gguf", $"'{name}'"), (error.Expected, error.Found));
        }
    }

    [Fact]
    public void A_part_with_another_number_is_refused()
    {
        WriteParts();
        File.Copy(PathOf(3), PathOf(2), overwrite: true);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(1)));
        Assert.Contains(PathOf(2), error.Message);
        Assert.Equal(("split.no", "1", "2"), (error.Key, error.Expected, error.Found));
    }

    [Fact]
    public void A_part_of_another_split_is_refused()
    {
        WriteParts();
        WritePart(2, count: 4, 4, "t1");
        File.Move(_folder["model-00002-of-00004.gguf"], PathOf(2), overwrite: true);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(1)));
        Assert.Equal(("split.count", "3", "4"), (error.Key, error.Expected, error.Found));
    }

    [Fact]
    public void A_part_that_says_nothing_of_a_split_is_refused()
    {
        WriteParts();
        _folder.Write("model-00002-of-00003.gguf", RawGguf.Small().ToArray());
        Assert.Equal("split.no", Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(1))).Key);
    }

    [Fact]
    public void The_number_of_tensors_must_be_right()
    {
        WriteParts(tensorCount: 5);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(1)));
        Assert.Equal(("split.tensors.count", "5 tensors", "4 tensors"), (error.Key, error.Expected, error.Found));
    }

    [Fact]
    public void A_tensor_in_two_parts_is_refused()
    {
        WriteParts();
        WritePart(2, 3, 4, "t0");
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(1)));
        Assert.Equal("t0", error.Key);
        Assert.Contains(PathOf(2), error.Message);
    }

    [Fact]
    public void A_truncated_part_is_named()
    {
        WriteParts();
        File.WriteAllBytes(PathOf(3), File.ReadAllBytes(PathOf(3))[..^1]);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(PathOf(1)));
        Assert.Contains(PathOf(3), error.Message);
        Assert.Contains("truncated", error.Message);
    }

    [Theory]
    [InlineData(0xFFFFu)]
    [InlineData(0x7FFFFFFFu)]
    [InlineData(0xFFFFFFFFu)]
    public void Absurd_part_counts_are_refused(uint count)
    {
        string path = _folder.Write("m-00001-of-00002.gguf", new RawGguf().Header(0, 2).Key("split.no", 2).Bytes(0, 0).Key("split.count", 4).U32(count).ToArray());
        Assert.Equal("split.count", Assert.Throws<GgufFormatException>(() => GgufFile.Open(path)).Key);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_count_of_one_is_no_split(byte count)
    {
        string path = _folder.Write("whole.gguf", new RawGguf().Header(0, 1).Key("split.count", 2).Bytes(count, 0).ToArray());
        using GgufFile file = GgufFile.Open(path);
        Assert.Equal([path], file.Paths);
    }

    [Fact]
    public void Parts_are_written_again_byte_for_byte()
    {
        WriteParts();
        for (int number = 1; number <= 3; number++)
        {
            using GgufFile part = GgufFile.OpenPart(PathOf(number));
            using MemoryStream copy = new();
            GgufWriter.From(part).Write(copy);
            Assert.Equal(File.ReadAllBytes(PathOf(number)), copy.ToArray());
        }
    }

    [Fact]
    public void A_copy_of_all_parts_is_one_whole_file()
    {
        WriteParts();
        using (GgufFile parts = GgufFile.Open(PathOf(1)))
        {
            GgufWriter.From(parts).Write(_folder["whole.gguf"]);
        }
        using GgufFile whole = GgufFile.Open(_folder["whole.gguf"]);
        Assert.Equal(["general.name"], whole.Metadata.Select(entry => entry.Key));
        Assert.Equal(["t0", "t1", "t2", "t2b"], whole.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([10, 11, 12, 13], whole.Tensors.Select(tensor => (int)tensor.Data[0]));
    }

    private string PathOf(int number) => _folder[$"model-{number:D5}-of-00003.gguf"];

    private void WriteParts(int tensorCount = 4)
    {
        WritePart(1, 3, tensorCount, "t0");
        WritePart(2, 3, tensorCount, "t1");
        WritePart(3, 3, tensorCount, "t2", "t2b");
    }

    /// <summary>A part whose tensors hold one byte each: 9 + the part's number, and one more for each further tensor.</summary>
    private void WritePart(int number, int count, int tensorCount, params string[] tensors)
    {
        RawGguf raw = new RawGguf().Header((ulong)tensors.Length, number == 1 ? 4UL : 3UL);
        if (number == 1)
        {
            raw.Key("general.name", 8).Text("split");
        }
        raw.Key("split.no", 2).Bytes((byte)(number - 1), 0).Key("split.count", 2).Bytes((byte)count, 0).Key("split.tensors.count", 5).U32((uint)tensorCount);
        for (int i = 0; i < tensors.Length; i++)
        {
            raw.Tensor(tensors[i], GgmlType.I8, (ulong)i * 32, 1);
        }
        for (int i = 0; i < tensors.Length; i++)
        {
            raw.Pad().Bytes((byte)(9 + number + i));
        }
        _folder.Write($"model-{number:D5}-of-{count:D5}.gguf", raw.ToArray());
    }
}
