using System.Buffers.Binary;
using System.Text;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Tests;

namespace LocalLlm.Gguf.Tests.Safetensors;

/// <summary>Files of safetensors: what right ones give, and one clear error for each way of being wrong.</summary>
public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void GivesTensorsAndTheirData()
    {
        byte[] header = Encoding.UTF8.GetBytes(
            $"{{\"__metadata__\":{{\"format\":\"pt\"}},{RawSafetensors.Entry("b", "BF16", "2,3", 4, 16)},{RawSafetensors.Entry("a", "F32", "", 0, 4)}}}   ");
        byte[] data = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        using SafetensorsFile file = SafetensorsFile.Open(_folder.Write("x.safetensors", RawSafetensors.File(header, data)));

        Assert.Equal(["a", "b"], file.Tensors.Select(tensor => tensor.Name));
        SafetensorsTensor scalar = file.Find("a")!, matrix = file.Find("b")!;
        Assert.Equal((GgmlType.F32, 4L), (scalar.Type, scalar.ByteLength));
        Assert.Empty(scalar.Shape);
        Assert.Equal((GgmlType.BF16, 12L), (matrix.Type, matrix.ByteLength));
        Assert.Equal([2L, 3L], matrix.Shape);
        byte[] read = new byte[5];
        matrix.Read(3, read);
        Assert.Equal(data[7..12], read);
        Assert.Null(file.Find("c"));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Read(8, read));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Read(-1, read));
    }

    [Fact]
    public void NumbersOfPositionsAreLeftOut()
    {
        byte[] header = Encoding.UTF8.GetBytes($"{{{RawSafetensors.Entry("bert.embeddings.position_ids", "I64", "1,2", 0, 16)},{RawSafetensors.Entry("a", "F32", "", 16, 20)}}}");
        using SafetensorsFile file = SafetensorsFile.Open(_folder.Write("x.safetensors", RawSafetensors.File(header, new byte[20])));
        Assert.Equal("a", Assert.Single(file.Tensors).Name);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void WrongHeadersAreToldApart(string header, int dataBytes, string problem)
    {
        string path = _folder.Write("x.safetensors", RawSafetensors.File(header, dataBytes));
        SafetensorsFormatException error = Assert.Throws<SafetensorsFormatException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith($"Cannot read '{path}': ", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    public static TheoryData<string, int, string> Wrong
    {
        get
        {
            static string Of(params string[] entries) => $"{{{string.Join(',', entries)}}}";
            static string A(string dtype, string shape, long start, long end) => RawSafetensors.Entry("a", dtype, shape, start, end);
            string b = RawSafetensors.Entry("b", "F16", "2", 4, 8);
            return new TheoryData<string, int, string>
            {
                { "", 0, "no valid JSON" },
                { "[]", 0, "no JSON object" },
                { "{\"a\":1}", 0, "not described by dtype" },
                { "{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "not described by dtype" },
                { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "not described by dtype" },
                { "{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no valid JSON" },
                { "{\"a\":" + new string('[', 5000) + "}", 0, "no valid JSON" },
                { Of(A("I64", "1", 0, 8)), 8, "the dtype 'I64'" },
                { Of(A("F8_E4M3", "1", 0, 1)), 1, "only F32, F16 and BF16" },
                { Of(A("F32", "-1", 0, 4)), 4, "a shape that is no list" },
                { Of(A("F32", "1.5", 0, 4)), 4, "a shape that is no list" },
                { Of(A("F32", "0", 0, 0)), 0, "a shape that is no list" },
                { Of(A("F32", "1,1,1,1,1,1,1,1,1", 0, 4)), 4, "a shape that is no list" },
                { Of(A("F32", "4294967296,4294967296", 0, 4)), 4, "does not fit its shape" },
                { Of(A("F32", "9223372036854775807,9223372036854775807,9223372036854775807", 0, 4)), 4, "does not fit its shape" },
                { Of(A("F32", "99999999999999999999", 0, 4)), 4, "a shape that is no list" },
                { Of(A("F32", "2", 0, 4)), 4, "does not fit its shape" },
                { Of(A("F32", "1", 4, 0)), 4, "data_offsets that are no two" },
                { Of(A("F32", "1", -4, 0)), 4, "data_offsets that are no two" },
                { Of(A("F16", "4", 0, 8), b), 8, "overlaps another" },
                { Of(A("F16", "1", 0, 2), b), 8, "leaves a gap" },
                { Of(A("F16", "2", 0, 4), b), 9, "9 follow the header" },
                { Of(A("F16", "2", 0, 4), b), 7, "7 follow the header" },
                { Of(A("F16", "2", 0, 4), A("F16", "2", 4, 8)), 8, "no valid JSON" },
            };
        }
    }

    [Fact]
    public void TextThatIsNotUnicodeIsRefused()
    {
        byte[] header = [.. "{\""u8, 0xFF, .. "\":{}}"u8];
        Assert.Contains("not UTF-8", Refuse(RawSafetensors.File(header, [])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(13UL)]
    [InlineData(99_999_999UL)]
    [InlineData(100_000_001UL)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    public void AHeaderThatClaimsAnotherLengthCostsNothing(ulong length)
    {
        byte[] file = RawSafetensors.File("{}          ", 0);
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refuse(file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void EveryPrefixIsRefused()
    {
        byte[] whole = RawSafetensors.File($"{{{RawSafetensors.Entry("a", "F16", "2", 0, 4)}}}", 4);
        for (int length = 0; length < whole.Length; length++)
        {
            Refuse(whole[..length]);
        }
    }

    [Fact]
    public void AFlippedBitIsRefusedOrGivesWhatCanBeRead()
    {
        byte[] bytes = RawSafetensors.File($"{{{RawSafetensors.Entry("a", "F16", "2", 0, 4)},{RawSafetensors.Entry("b", "F32", "1,1", 4, 8)}}}", 8);
        int refused = 0;
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            string path = _folder.Write("x.safetensors", bytes);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (SafetensorsTensor tensor in file.Tensors)
                {
                    tensor.Read(0, new byte[tensor.ByteLength]);
                }
            }
            catch (SafetensorsFormatException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, bytes.Length, bytes.Length * 8);
    }

    [Fact]
    public void ADirectoryAndAMissingFileAreNamed()
    {
        Assert.Contains("directory", Assert.Throws<SafetensorsFormatException>(() => SafetensorsFile.Open(Path.GetTempPath())).Message, StringComparison.Ordinal);
        Assert.Contains(_folder["none"], Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(_folder["none"])).Message, StringComparison.Ordinal);
    }

    private string Refuse(byte[] file)
    {
        string path = _folder.Write("x.safetensors", file);
        return Assert.Throws<SafetensorsFormatException>(() => SafetensorsFile.Open(path)).Message;
    }
}
