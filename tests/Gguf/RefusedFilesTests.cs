using System.IO.Pipes;
using System.Net.Sockets;

namespace LocalLlm.Gguf.Tests;

/// <summary>What is wrong with a file is told in one sentence that names file, place, expectation and finding.</summary>
public sealed class RefusedFilesTests
{
    private const ulong Huge = ulong.MaxValue - 7;

    /// <summary>Bytes of a broken file, what the message says, and the offset and key that are blamed.</summary>
    private static Dictionary<string, (RawGguf File, string Says, long? Offset, string? Key)> Cases => new()
    {
        ["other file"] = (new RawGguf().Bytes(0x50, 0x4B, 3, 4, 0, 0, 0, 0), "it is not a GGUF file (expected the bytes 47 47 55 46 (\"GGUF\"), found 50 4B 03 04", 0, null),
        ["one byte"] = (new RawGguf().Bytes(0x47), "the file ends inside the magic number (expected at least 4 bytes, found 1 bytes", 0, null),
        ["version 0"] = (new RawGguf().Header(0, 0, version: 0), "this version of GGUF is not supported", 4, null),
        ["version 1"] = (new RawGguf().Header(0, 0, version: 1), "GGUF version 1 is no longer supported, convert the model again", 4, null),
        ["version 4"] = (new RawGguf().Header(0, 0, version: 4), "this version of GGUF is not supported", 4, null),
        ["big-endian"] = (new RawGguf().Header(0, 0, version: 0x03000000), "big-endian GGUF files are not supported", 4, null),
        ["many tensors"] = (new RawGguf().Header(1UL << 63, 0), "the tensor count is out of range", 8, null),
        ["more tensors than bytes"] = (new RawGguf().Header(10, 0).Bytes(new byte[100]), "the tensor count is more than the rest of the file can hold (expected at most 4, found 10", 8, null),
        ["many keys"] = (new RawGguf().Header(0, Huge), "the key count is out of range", 16, null),
        ["more keys than bytes"] = (new RawGguf().Header(0, 2).Bytes(new byte[25]), "the key count is more than the rest of the file can hold (expected at most 1, found 2", 16, null),
        ["long key"] = (new RawGguf().Header(0, 1).U64(Huge).Bytes(new byte[20]), "the length of a metadata key is out of range", 24, null),
        ["key past the end"] = (new RawGguf().Header(0, 1).U64(1000).Bytes(new byte[20]), "the file ends inside a metadata key (expected at least 1032 bytes, found 52 bytes", 32, null),
        ["key not UTF-8"] = (new RawGguf().Header(0, 1).Text([0xC0, 0xAF]).U32(0).Bytes(1), "a metadata key is not valid UTF-8", 32, null),
        ["key twice"] = (new RawGguf().Header(0, 2).Key("k", 0).Bytes(1).Key("k", 0).Bytes(1), "there is a second value in 'k'", 38, "k"),
        ["value type 13"] = (new RawGguf().Header(0, 1).Key("k", 13).U64(0), "the type of the value is unknown in 'k' (expected 0 to 12, found 13", 33, "k"),
        ["value past the end"] = (new RawGguf().Header(0, 1).Key("k", 10).U32(0), "the file ends inside a value in 'k'", 37, "k"),
        ["boolean 2"] = (new RawGguf().Header(0, 1).Key("k", 7).Bytes(2), "a boolean is neither 0 nor 1 in 'k'", 37, "k"),
        ["long string"] = (new RawGguf().Header(0, 1).Key("k", 8).U64(Huge), "the length of a string is out of range in 'k'", 37, "k"),
        ["string past the end"] = (new RawGguf().Header(0, 1).Key("k", 8).U64(9), "the file ends inside a string in 'k'", 45, "k"),
        ["element type 13"] = (new RawGguf().Header(0, 1).Key("k", 9).U32(13).U64(0), "the element type of an array is unknown", 37, "k"),
        ["long array"] = (new RawGguf().Header(0, 1).Key("k", 9).U32(0).U64(Huge), "the length of an array is out of range", 41, "k"),
        ["array past the end"] = (new RawGguf().Header(0, 1).Key("k", 9).U32(4).U64(3).Bytes(new byte[11]), "the length of an array is more than the rest of the file can hold in 'k' (expected at most 2, found 3", 41, "k"),
        ["deep array"] = (DeepArray(1000), "arrays are nested too deeply in 'k' (expected at most 4 levels, found 5 levels or more", 85, "k"),
        ["alignment 0"] = (Aligned(0), "the value of 'general.alignment' is out of range (expected a power of two from 8 to 65536, found 0", null, "general.alignment"),
        ["alignment 3"] = (Aligned(3), "found 3)", null, "general.alignment"),
        ["alignment 48"] = (Aligned(48), "found 48)", null, "general.alignment"),
        ["alignment 2^31"] = (Aligned(1U << 31), "found 2147483648)", null, "general.alignment"),
        ["alignment a string"] = (new RawGguf().Header(0, 1).Key("general.alignment", 8).Text("32"), "the key 'general.alignment' has the wrong type", null, "general.alignment"),
        ["name past the end"] = (new RawGguf().Header(1, 0).U64(1000).Bytes(new byte[20]), "the file ends inside a tensor name", 32, null),
        ["long name"] = (new RawGguf().Header(1, 0).U64(1025).Bytes(new byte[2000]), "the length of a tensor name is out of range (expected at most 1024 bytes, found 1025", 24, null),
        ["name twice"] = (new RawGguf().Header(2, 0).Tensor("t", GgmlType.I8, 0, 1).Tensor("t", GgmlType.I8, 32, 1).Bytes(new byte[99]), "there is a second tensor in 't'", 57, "t"),
        ["five dimensions"] = (One(GgmlType.F32, 0, 1, 1, 1, 1, 1), "there are too many dimensions in 't' (expected at most 4, found 5", 33, "t"),
        ["2^32-1 dimensions"] = (new RawGguf().Header(1, 0).Text("t").U32(uint.MaxValue).Bytes(new byte[99]), "there are too many dimensions", 33, "t"),
        ["no elements"] = (One(GgmlType.F32, 0, 4, 0), "a dimension is out of range in 't'", 45, "t"),
        ["negative dimension"] = (One(GgmlType.F32, 0, ulong.MaxValue), "a dimension is out of range in 't'", 37, "t"),
        ["product of dimensions"] = (One(GgmlType.F32, 0, 1UL << 32, 1UL << 31), "a dimension is out of range in 't'", 45, "t"),
        ["product wraps to 0"] = (One(GgmlType.F32, 0, 1UL << 62, 4, 1UL << 62, 4), "a dimension is out of range in 't'", 45, "t"),
        ["tensor type 4"] = (One((GgmlType)4, 0, 32), "the tensor type is unknown in 't'", 45, "t"),
        ["half a block"] = (One(GgmlType.Q4_K, 0, 128, 2), "the rows are no whole number of Q4_K blocks in 't' (expected a multiple of 256 columns, found 128", 53, "t"),
        ["scalar of blocks"] = (One(GgmlType.Q8_0, 0), "the rows are no whole number of Q8_0 blocks", 37, "t"),
        ["offset off the grid"] = (One(GgmlType.F32, 16, 1), "the data of the tensor 't' is not aligned (expected a data offset that is a multiple of 32, found 16", 24, "t"),
        ["offset near 2^64"] = (One(GgmlType.F32, ulong.MaxValue - 31, 1), "the file is truncated", null, "t"),
        ["2^66 bytes"] = (One(GgmlType.F64, 0, long.MaxValue), "the file is truncated", null, "t"),
        ["overlap"] = (new RawGguf().Header(2, 0).Tensor("s", GgmlType.I8, 32, 1).Tensor("t", GgmlType.I8, 0, 33).Pad().Bytes(new byte[64]), "the data of the tensors 't' and 's' overlap", 128, "s"),
        ["same place"] = (new RawGguf().Header(2, 0).Tensor("s", GgmlType.I8, 0, 1).Tensor("t", GgmlType.I8, 0, 1).Pad().Bytes(new byte[64]), "the data of the tensors 's' and 't' overlap", 96, "t"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Says_what_is_wrong(string name)
    {
        (RawGguf raw, string says, long? offset, string? key) = Cases[name];
        using TempFolder folder = new();
        string path = folder.Write("broken.gguf", raw.ToArray());

        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path));
        Assert.StartsWith($"Cannot read '{path}': ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(").", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains(says, error.Message);
        Assert.NotNull(error.Expected);
        Assert.NotNull(error.Found);
        Assert.Equal(key, error.Key);
        if (offset is not null)
        {
            Assert.Equal(offset, error.Offset);
        }
    }

    [Fact]
    public void A_file_cut_in_the_data_section_tells_both_sizes()
    {
        using TempFolder folder = new();
        byte[] whole = RawGguf.Small().ToArray();
        string path = folder.Write("cut.gguf", whole[..^1]);

        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path));
        Assert.Contains("the file is truncated, the data of the tensor 'c' reaches beyond its end; download or copy it again", error.Message);
        Assert.Equal(($"at least {whole.Length} bytes", $"{whole.Length - 1} bytes", whole.Length - 1), (error.Expected, error.Found, error.Offset));
    }

    [Fact]
    public void Hostile_names_neither_flood_nor_escape()
    {
        using TempFolder folder = new();
        string name = "\e[31m\n" + new string('x', 60_000);
        string path = folder.Write("name.gguf", new RawGguf().Header(0, 1).Key(name, 7).Bytes(2).ToArray());

        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path));
        Assert.Equal(name, error.Key);
        Assert.InRange(error.Message.Length, 1, 400);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void A_missing_file_is_said_to_be_missing()
    {
        using TempFolder folder = new();
        foreach (string path in new[] { folder["none.gguf"], folder["none/none.gguf"] })
        {
            FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => GgufFile.Open(path));
            Assert.Equal($"Cannot read '{path}': there is no such file.", error.Message);
        }
    }

    [Fact]
    public void A_folder_and_an_empty_file_are_named_for_what_they_are()
    {
        using TempFolder folder = new();
        string nested = Directory.CreateDirectory(folder["folder.gguf"]).FullName;
        Assert.Equal($"Cannot read '{nested}': it is a directory (expected a GGUF file, found a directory).",
            Assert.Throws<GgufFormatException>(() => GgufFile.Open(nested)).Message);

        string empty = folder.Write("empty.gguf", []);
        Assert.Equal($"Cannot read '{empty}': the file is empty (expected a GGUF file, found 0 bytes, at byte 0).",
            Assert.Throws<GgufFormatException>(() => GgufFile.Open(empty)).Message);
    }

    [Fact]
    public void A_pipe_and_a_socket_are_refused_with_their_path()
    {
        using TempFolder folder = new();
        using AnonymousPipeServerStream pipe = new(PipeDirection.Out);
        string pipePath = $"/dev/fd/{pipe.GetClientHandleAsString()}";
        Assert.Contains(pipePath, Assert.ThrowsAny<Exception>(() => GgufFile.Open(pipePath)).Message);

        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["socket"]));
        string message = Assert.ThrowsAny<IOException>(() => GgufFile.Open(folder["socket"])).Message;
        Assert.StartsWith($"Cannot read '{folder["socket"]}': ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_permission_is_said_to_have_none()
    {
        using TempFolder folder = new();
        string path = folder.Write("secret.gguf", RawGguf.Small().ToArray());
        if (OperatingSystem.IsWindows())
        {
            using FileStream locked = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            Assert.Contains(path, Assert.Throws<IOException>(() => GgufFile.Open(path)).Message);
            return;
        }
        File.SetUnixFileMode(path, UnixFileMode.None);
        Exception? error = Record.Exception(() => GgufFile.Open(path).Dispose());
        if (Environment.IsPrivilegedProcess)
        {
            // The superuser may read everything.
            Assert.Null(error);
            return;
        }
        Assert.IsType<UnauthorizedAccessException>(error);
        Assert.Equal($"Cannot read '{path}': this user has no permission to read the file.", error.Message);
    }

    [Fact]
    public void Limits_are_the_callers()
    {
        using TempFolder folder = new();
        string path = folder.Write("small.gguf", RawGguf.Small().ToArray());
        GgufLimits[] tight =
        [
            new() { MaxKeys = 4 }, new() { MaxTensors = 2 }, new() { MaxKeyBytes = 10 }, new() { MaxNameBytes = 7 }, new() { MaxStringBytes = 4 },
            new() { MaxArrayLength = 2 }, new() { MaxArrayDepth = 1 }, new() { MaxMetadataBytes = 100 },
        ];
        Assert.All(tight, limits => Assert.Throws<GgufFormatException>(() => GgufFile.Open(path, limits)));

        GgufLimits exact = new()
        {
            MaxKeys = 5,
            MaxTensors = 3,
            MaxKeyBytes = 21,
            MaxNameBytes = 8,
            MaxStringBytes = 5,
            MaxArrayLength = 3,
            MaxArrayDepth = 2,
            MaxMetadataBytes = 300,
        };
        using GgufFile file = GgufFile.Open(path, exact);
        Assert.Equal(3, file.Tensors.Count);
    }

    [Fact]
    public void A_missing_tensor_is_named()
    {
        using TempFolder folder = new();
        using GgufFile file = GgufFile.Open(folder.Write("small.gguf", RawGguf.Small().ToArray()));
        Assert.Null(file.Find("none"));
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => file.Get("none"));
        Assert.Equal("none", error.Key);
        Assert.Contains("the tensor 'none' is missing", error.Message);
        Assert.Contains("small.gguf", error.Message);
    }

    /// <summary>One tensor 't' and 64 bytes of data.</summary>
    private static RawGguf One(GgmlType type, ulong offset, params ulong[] dimensions)
        => new RawGguf().Header(1, 0).Tensor("t", type, offset, dimensions).Pad().Bytes(new byte[64]);

    private static RawGguf Aligned(uint alignment) => new RawGguf().Header(0, 1).Key("general.alignment", 4).U32(alignment);

    /// <summary>An array of one array of one array and so on.</summary>
    private static RawGguf DeepArray(int depth)
    {
        RawGguf raw = new RawGguf().Header(0, 1).Key("k", 9);
        for (int i = 0; i < depth; i++)
        {
            raw.U32(9).U64(1);
        }
        return raw.U32(0).U64(0);
    }
}
