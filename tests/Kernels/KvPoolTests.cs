namespace LocalLlm.Kernels.Tests;

public sealed unsafe class KvPoolTests
{
    [Theory, InlineData(KvType.F16, 10, 80), InlineData(KvType.F32, 20, 160), InlineData(KvType.Q8_0, 8, 44)]
    public void Blocks_are_contiguous_and_pieces_do_not_overlap(KvType type, int keyBytes, int valueBytes)
    {
        const int layers = 3, heads = 2, keyLength = 5, valueLength = 40, blocks = 4; // 40 numbers have two scales, 5 are padded to 6
        using KvPool pool = new(layers, heads, keyLength, valueLength, type, blocks);
        Assert.Equal((long)layers * heads * 32 * (keyBytes + valueBytes), pool.BytesPerBlock);
        byte* next = pool.Keys(0, 0, 0);
        for (int block = 0; block < blocks; block++)
        {
            Assert.Equal((nint)(pool.Keys(0, 0, 0) + (block * pool.BytesPerBlock)), (nint)next);
            for (int layer = 0; layer < layers; layer++)
            {
                for (int head = 0; head < heads; head++, next += 32 * keyBytes)
                {
                    Assert.Equal((nint)next, (nint)pool.Keys(layer, block, head));
                    Assert.Equal(0, (nint)next % 64);
                }
                for (int head = 0; head < heads; head++, next += 32 * valueBytes)
                {
                    Assert.Equal((nint)next, (nint)pool.Values(layer, block, head));
                    Assert.Equal(0, (nint)next % 64);
                }
            }
        }
    }

    [Fact]
    public void Quantized_blocks_take_34_bytes_for_32_numbers()
    {
        using KvPool halves = new(28, 8, 128, 128, KvType.F16, 1), quantized = new(28, 8, 128, 128, KvType.Q8_0, 1);
        Assert.Equal(34, 64 * quantized.BytesPerBlock / halves.BytesPerBlock);
        Assert.Equal(0, 64 * quantized.BytesPerBlock % halves.BytesPerBlock);
    }

    [Fact]
    public void Blocks_cost_resident_memory_only_once_written()
    {
        const int blocks = 512; // of 1 MiB
        using KvPool pool = new(8, 8, 128, 128, KvType.F16, blocks);
        Assert.Equal(1 << 20, pool.BytesPerBlock);
        new Span<byte>(pool.Keys(0, 300, 0), 1 << 20).Fill(1);
        Assert.Equal(1, *(pool.Keys(0, 301, 0) - 1));
        if (OperatingSystem.IsLinux())
        {
            // A system with huge pages may back up to 2 MiB at each end of what was written.
            Assert.InRange(ResidentPages(pool, blocks), (1 << 20) / Environment.SystemPageSize, (8 << 20) / Environment.SystemPageSize);
        }
    }

    [Fact]
    public void Sizes_past_what_there_is_are_one_clear_error()
    {
        InsufficientMemoryException overflow = Assert.Throws<InsufficientMemoryException>(
            () => new KvPool(int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue, KvType.F32, int.MaxValue));
        Assert.Contains("The KV cache needs", overflow.Message, StringComparison.Ordinal);
        InsufficientMemoryException refused = Assert.Throws<InsufficientMemoryException>(() => new KvPool(1024, 1024, 1024, 1024, KvType.F16, 1 << 20));
        Assert.Contains("1048576 blocks of 32 positions, 1024 layers, F16", refused.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(0, 1, 1, 1, 1), InlineData(1, 0, 1, 1, 1), InlineData(1, 1, 0, 1, 1), InlineData(1, 1, 1, -1, 1), InlineData(1, 1, 1, 1, 0)]
    public void Nothing_is_no_size(int layers, int heads, int keyLength, int valueLength, int blocks) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvPool(layers, heads, keyLength, valueLength, KvType.F16, blocks));

    [Fact]
    public void Disposing_twice_is_harmless()
    {
        KvPool pool = new(1, 1, 1, 1, KvType.F16, 1);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvPool(1, 1, 1, 1, (KvType)9, 1));
    }

    /// <summary>Resident pages among the pool's, as Linux tells them.</summary>
    private static int ResidentPages(KvPool pool, int blocks)
    {
        long page = Environment.SystemPageSize;
        long first = ((nint)pool.Keys(0, 0, 0) / page) + 1, count = (blocks * pool.BytesPerBlock / page) - 2;
        byte[] entries = new byte[count * 8];
        using FileStream pagemap = File.OpenRead("/proc/self/pagemap");
        pagemap.Seek(first * 8, SeekOrigin.Begin);
        pagemap.ReadExactly(entries);
        int resident = 0;
        for (int i = 0; i < count; i++)
        {
            resident += entries[(i * 8) + 7] >> 7; // bit 63: present
        }
        return resident;
    }
}
