using System.Buffers.Binary;

namespace LocalLlm.Gguf.Tests;

/// <summary>
/// Thousands of broken and malicious files. Whatever the bytes, the outcome is a <see cref="GgufFormatException"/> or a valid file: every
/// value and every tensor byte of it can be read and it is written again byte for byte. Never a crash, and never an allocation that a small
/// file does not account for. Seeds are fixed; a failure names the case.
/// </summary>
public sealed unsafe class HostileFilesTests : IDisposable
{
    /// <summary>What opening one of these small files may allocate: all that an opening does, with room, far below what the files ask for.</summary>
    private const long MaxAllocation = 1 << 20;

    // The edges of the number formats, and what lies beside them.
    private static readonly ulong[] Extremes =
    [
        0, 1, 3, 7, 8, 31, 33, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1UL << 32, (1UL << 32) + 1, 1UL << 40,
        1UL << 60, 1UL << 61, 1UL << 62, (1UL << 63) - 1, 1UL << 63, (1UL << 63) + 1, ulong.MaxValue - 31, ulong.MaxValue - 7, ulong.MaxValue,
    ];

    private readonly TempFolder _folder = new();
    private int _valid;
    private int _refused;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_prefix_of_a_file()
    {
        byte[] whole = RawGguf.Small().ToArray();
        for (int length = 1; length < whole.Length; length++)
        {
            Check(whole[..length], $"prefix of {length} bytes");
        }
        Assert.Equal((0, whole.Length - 1), (_valid, _refused));
        Check(whole, "the whole");
        Assert.Equal(1, _valid);
    }

    [Fact]
    public void Every_flipped_bit()
    {
        byte[] bytes = RawGguf.Small().ToArray();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Check(bytes, $"bit {bit} flipped");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        // Bits of values and data are free, bits of lengths and types are not.
        Assert.InRange(_valid, bytes.Length, bytes.Length * 6);
        Assert.InRange(_refused, bytes.Length, bytes.Length * 6);
    }

    [Fact]
    public void Extremes_at_every_place()
    {
        byte[] whole = RawGguf.Small().ToArray();
        for (int at = 0; at + 8 <= whole.Length; at++)
        {
            // Five of the extremes at each place; neighbours get others, so that every field meets nearly all of them somewhere.
            for (int i = 0; i < 5; i++)
            {
                ulong extreme = Extremes[((at * 7) + (i * 5)) % Extremes.Length];
                byte[] bytes = [.. whole];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), extreme);
                Check(bytes, $"{extreme} at {at}");
            }
        }
        Assert.True(_valid > 0 && _refused > 0);
    }

    [Theory]
    [InlineData(20_261)]
    [InlineData(20_262)]
    public void Random_damage(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 1_000; i++)
        {
            List<byte> bytes = [.. RawGguf.Small(version: (uint)random.Next(2, 4)).ToArray()];
            for (int damage = random.Next(1, 4); damage > 0; damage--)
            {
                Damage(bytes, random);
            }
            Check([.. bytes], $"seed {seed}, case {i}");
        }
        Assert.True(_refused > 100);
    }

    [Theory]
    [InlineData(77_001)]
    [InlineData(77_002)]
    public void Well_formed_files_with_a_lie_here_and_there(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 1_000; i++)
        {
            Check(new LyingFile(random, lies: random.Next(0, 3)).Build(), $"seed {seed}, case {i}");
        }
        Assert.True(_valid > 100, $"{_valid} valid files: the generator lies too much to test anything behind the header.");
        Assert.True(_refused > 100, $"{_refused} refused files: the generator lies too little.");
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(100_000)]
    public void Deep_arrays_end_in_an_exception(int depth)
    {
        RawGguf raw = new RawGguf().Header(0, 1).Key("k", 9);
        for (int i = 0; i < depth; i++)
        {
            raw.U32(9).U64(1);
        }
        Check(raw.U32(0).U64(0).ToArray(), $"depth {depth}");
        Assert.Equal(1, _refused);
    }

    [Fact]
    public void Offsets_beyond_4_GiB_are_read_as_such()
    {
        const long Offset = 5L << 30;
        string path = _folder.Write("sparse.gguf", new RawGguf().Header(2, 0)
            .Tensor("first", GgmlType.I8, 0, 1UL << 32).Tensor("last", GgmlType.I8, (ulong)Offset, 2).Pad().ToArray());
        long start = new FileInfo(path).Length;
        // The file is sparse: it takes no room on the disk.
        using (FileStream stream = new(path, FileMode.Open))
        {
            stream.Position = start + Offset;
            stream.Write([7, 8]);
        }
        using GgufFile file = GgufFile.Open(path);
        Assert.Equal(1L << 32, file.Get("first").ByteLength);
        Assert.Equal((7, 8), (file.Get("last").Data[0], file.Get("last").Data[1]));
        Assert.Equal(start + Offset + 2, file.FileBytes);
    }

    /// <summary>Opens the bytes as a file and holds the outcome against the law.</summary>
    private void Check(byte[] bytes, string name)
    {
        string path = _folder.Write("hostile.gguf", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using GgufFile file = GgufFile.Open(path);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MaxAllocation, $"{name}: opening allocated too much");
            ReadAll(file);
            using MemoryStream copy = new();
            GgufWriter.From(file).Write(copy);
            Assert.True(copy.ToArray().AsSpan().SequenceEqual(bytes), $"{name}: the copy differs");
            _valid++;
        }
        catch (GgufFormatException e)
        {
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MaxAllocation, $"{name}: refusing allocated too much");
            Assert.Contains("hostile.gguf", e.Message);
            _refused++;
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{name}: {e}");
        }
    }

    private static void ReadAll(GgufFile file)
    {
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            Assert.True(file.Metadata.ContainsKey(key));
            ReadValue(value);
        }
        foreach (GgufTensor tensor in file.Tensors)
        {
            Assert.Same(tensor, file.Find(tensor.Name));
            Assert.Equal(tensor.ElementCount, tensor.Columns * tensor.Rows);
            Assert.Equal(tensor.ByteLength, GgmlTypes.RowBytes(tensor.Type, tensor.Columns) * tensor.Rows);
            Assert.InRange(tensor.FileOffset + tensor.ByteLength, 1, file.FileBytes);
            Assert.Equal(0, tensor.FileOffset % file.Alignment);
            // Every byte is touched: a place outside the mapping would end the process.
            Assert.True(new ReadOnlySpan<byte>(tensor.Data, checked((int)tensor.ByteLength)).Count((byte)1) >= 0);
        }
    }

    private static void ReadValue(GgufValue value)
    {
        Assert.NotEmpty(value.TypeName);
        Assert.NotNull(value.ToString());
        value.TryGetStrings(out _);
        value.TryGetSingles(out _);
        value.TryGetInt32s(out _);
        value.TryGetBooleans(out _);
        int elements = 0;
        foreach (GgufValue element in value.Elements())
        {
            ReadValue(element);
            elements++;
        }
        Assert.Equal(value.Count, elements);
    }

    private static void Damage(List<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Count);
        int count = random.Next(1, Math.Min(64, bytes.Count - at + 1));
        switch (random.Next(5))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes.RemoveRange(at, Math.Min(count, bytes.Count - at - 1));
                break;
            case 2:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(count, bytes.Count - at)));
                break;
            case 3:
                bytes.InsertRange(at, new byte[count]);
                break;
            default:
                byte[] extreme = BitConverter.GetBytes(Extremes[random.Next(Extremes.Length)]);
                for (int i = 0; i < extreme.Length && at + i < bytes.Count; i++)
                {
                    bytes[at + i] = extreme[i];
                }
                break;
        }
    }

    /// <summary>Builds a random file that is valid but for a number of fields, chosen at random, which hold an extreme.</summary>
    private sealed class LyingFile(Random random, int lies)
    {
        private readonly RawGguf _raw = new();
        private readonly int[] _lying = [.. Enumerable.Range(0, lies).Select(_ => random.Next(60))];
        private int _field;

        public byte[] Build()
        {
            int keys = random.Next(6);
            int tensors = random.Next(5);
            _raw.Header(Field((ulong)tensors), Field((ulong)keys), (uint)random.Next(2, 4));
            ulong alignment = Aligned(ref keys);
            for (int i = 0; i < keys; i++)
            {
                Text(random.Next(40) == 0 ? "twice" : $"key{i}");
                Value((uint)random.Next(13), depth: 0, typed: true);
            }
            ulong[] sizes = Tensors(tensors, alignment);
            foreach (ulong size in sizes)
            {
                _raw.Pad((int)alignment).Bytes(new byte[size]);
            }
            return _raw.ToArray();
        }

        private ulong Aligned(ref int keys)
        {
            ulong alignment = 32;
            if (keys > 0 && random.Next(4) == 0)
            {
                alignment = 8UL << random.Next(6);
                Text("general.alignment");
                _raw.U32(4).U32((uint)Field(alignment));
                keys--;
            }
            return alignment;
        }

        private ulong[] Tensors(int count, ulong alignment)
        {
            ulong[] sizes = new ulong[count];
            ulong end = 0;
            for (int i = 0; i < count; i++)
            {
                GgmlType type = GgmlTypes.All[random.Next(GgmlTypes.All.Count)];
                ulong[] dimensions = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (ulong)random.Next(1, 3))];
                dimensions[0] *= (ulong)GgmlTypes.BlockLength(type);
                sizes[i] = dimensions.Aggregate(1UL, (product, extent) => product * extent)
                    / (ulong)GgmlTypes.BlockLength(type) * (ulong)GgmlTypes.BlockBytes(type);
                Text(random.Next(40) == 0 ? "twice" : $"tensor{i}");
                _raw.U32((uint)Field((ulong)dimensions.Length));
                Array.ForEach(dimensions, extent => _raw.U64(Field(extent)));
                _raw.U32((uint)Field((uint)type)).U64(Field(end));
                end = (end + sizes[i] + alignment - 1) / alignment * alignment;
            }
            return sizes;
        }

        private void Value(uint type, int depth, bool typed)
        {
            if (typed)
            {
                _raw.U32((uint)Field(type));
            }
            switch (type)
            {
                case 8:
                    Text("some text"[..random.Next(10)]);
                    break;
                case 9:
                    uint elementType = depth < 3 ? (uint)random.Next(13) : 4;
                    int count = random.Next(4);
                    _raw.U32((uint)Field(elementType)).U64(Field((ulong)count));
                    for (int i = 0; i < count; i++)
                    {
                        Value(elementType, depth + 1, typed: false);
                    }
                    break;
                case 7:
                    _raw.Bytes((byte)(Field((ulong)random.Next(2)) & 0xFF));
                    break;
                default:
                    byte[] scalar = new byte[type is 0 or 1 ? 1 : type is 2 or 3 ? 2 : type is 4 or 5 or 6 ? 4 : 8];
                    random.NextBytes(scalar);
                    _raw.Bytes(scalar);
                    break;
            }
        }

        private void Text(string text) => _raw.U64(Field((ulong)text.Length)).Bytes([.. text.Select(c => (byte)c)]);

        private ulong Field(ulong honest)
            => _lying.Contains(_field++) ? Extremes[random.Next(Extremes.Length)] : honest;
    }
}
