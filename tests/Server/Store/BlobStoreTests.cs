using System.Text;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Tests.Store;

public sealed class BlobStoreTests
{
    [Theory]
    [InlineData("sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6", true)]
    [InlineData("sha256-2E7D2C03A9507AE265ECF5B5356885A53393A2029D241394997265A1A25AEFC6", true)]
    [InlineData("sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc", false)]
    [InlineData("sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefcg", false)]
    [InlineData("sha512:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6", false)]
    [InlineData("2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6", false)]
    [InlineData("", false)]
    public void DigestsAreRead(string text, bool valid)
    {
        Assert.Equal(valid, BlobDigest.TryParse(text, out BlobDigest digest));
        if (valid)
        {
            Assert.Equal(BlobDigest.Of("c"u8), digest);
            Assert.Equal("sha256-2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6", digest.FileName);
        }
    }

    [Fact]
    public async Task StreamIsKeptOnlyUnderItsOwnDigest()
    {
        using StoreFixture fixture = new();
        BlobStore blobs = fixture.Open().Blobs;
        byte[] content = Encoding.UTF8.GetBytes(new string('x', 3_000_000));
        BlobDigest digest = BlobDigest.Of(content), other = BlobDigest.Of("other"u8);
        Assert.True(await blobs.AddAsync(digest, new MemoryStream(content), default));
        Assert.False(await blobs.AddAsync(digest, new MemoryStream("not read"u8.ToArray()), default));
        Assert.Equal(content, File.ReadAllBytes(blobs.PathOf(digest)));
        StoreException wrong = await Assert.ThrowsAsync<StoreException>(() => blobs.AddAsync(other, new MemoryStream(content), default));
        Assert.Equal((StoreErrorKind.DigestMismatch, $"digest mismatch, expected \"{other}\", got \"{digest}\""), (wrong.Kind, wrong.Message));
        await Assert.ThrowsAsync<IOException>(() => blobs.AddAsync(other, new BreakingStream(), default));
        Assert.Equal([digest.FileName], fixture.BlobNames()); // nothing else, no temporary file either
    }

    [Fact]
    public async Task FilesAreLinkedWhereThatCanBe()
    {
        using StoreFixture fixture = new();
        using StoreFixture elsewhere = new();
        BlobStore blobs = fixture.Open().Blobs;
        string file = elsewhere.PathOf(elsewhere.Blob("a model").Digest);
        DateTime written = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(file, written);
        BlobDigest digest = BlobDigest.OfFile(file);
        await blobs.AddFileAsync(file, digest, default);
        await blobs.AddFileAsync(file, digest, default);
        Assert.Equal([digest.FileName], fixture.BlobNames());
        Assert.Equal(written, File.GetLastWriteTimeUtc(file)); // it is somebody's file
        if (!OperatingSystem.IsWindows())
        {
            // One file with two names: a change in place is seen under both. Where bytes can be shared without that, it is not.
            bool isShared = DurableFiles.TryClone(file, Path.Combine(elsewhere.Root, "clone"));
            File.AppendAllText(file, "!");
            Assert.Equal(isShared ? "a model" : "a model!", File.ReadAllText(blobs.PathOf(digest)));
        }
        string target = elsewhere.PathOf(elsewhere.Blob("target of a link").Digest);
        string link = Path.Combine(elsewhere.Root, "link.gguf");
        File.CreateSymbolicLink(link, target);
        BlobDigest linked = BlobDigest.OfFile(link);
        await blobs.AddFileAsync(link, linked, default);
        Assert.Null(new FileInfo(blobs.PathOf(linked)).LinkTarget);
        Assert.Equal("target of a link", File.ReadAllText(blobs.PathOf(linked)));
    }

    [MemoryDiskFact]
    public async Task FilesOfAnotherDiskAreCopied()
    {
        using StoreFixture fixture = new();
        BlobStore blobs = fixture.Open().Blobs;
        string file = Path.Combine(MemoryDiskFactAttribute.Folder, $"localllm-{Path.GetRandomFileName()}");
        try
        {
            File.WriteAllText(file, "a model");
            BlobDigest digest = BlobDigest.OfFile(file);
            Assert.False(blobs.TryShareFile(file, digest));
            Assert.Empty(fixture.BlobNames());
            await blobs.AddFileAsync(file, digest, default);
            Assert.Equal([digest.FileName], fixture.BlobNames());
            File.AppendAllText(file, "!");
            Assert.Equal("a model", File.ReadAllText(blobs.PathOf(digest)));
            StoreException changed = await Assert.ThrowsAsync<StoreException>(() => blobs.AddFileAsync(file, BlobDigest.Of("something else"u8), default));
            Assert.Equal(StoreErrorKind.DigestMismatch, changed.Kind);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void PartialBlobsAreResumedAndCommitted()
    {
        using StoreFixture fixture = new();
        BlobStore blobs = fixture.Open().Blobs;
        BlobDigest digest = BlobDigest.Of("hello world"u8);
        using (PartialBlob first = blobs.OpenPartial(digest, 11)!)
        {
            Assert.Equal(11, new FileInfo(first.Path).Length);
            first.Write("world"u8, 6);
            first.Flush();
            File.WriteAllText(first.JournalPath, "6-11");
            Assert.Null(blobs.OpenPartial(digest, 11)); // one at a time
            Assert.Throws<ArgumentOutOfRangeException>(() => first.Write("world"u8, 7));
        }
        Assert.False(blobs.Exists(digest));
        using (PartialBlob second = blobs.OpenPartial(digest, 11)!)
        {
            Assert.Equal("6-11", File.ReadAllText(second.JournalPath));
            second.Write("hello "u8, 0);
            second.Commit();
            Assert.True(blobs.Exists(digest));
        }
        Assert.Equal("hello world", File.ReadAllText(blobs.PathOf(digest)));
        Assert.Equal([digest.FileName], fixture.BlobNames());
        Assert.Null(blobs.OpenPartial(digest, 11)); // it is there
    }

    [Fact]
    public void WrongBytesNeverBecomeABlob()
    {
        using StoreFixture fixture = new();
        BlobStore blobs = fixture.Open().Blobs;
        BlobDigest digest = BlobDigest.Of("right"u8);
        using (PartialBlob partial = blobs.OpenPartial(digest, 5)!)
        {
            partial.Write("wrong"u8, 0);
            File.WriteAllText(partial.JournalPath, "all");
            Assert.Equal(StoreErrorKind.DigestMismatch, Assert.Throws<StoreException>(() => partial.Commit()).Kind);
        }
        Assert.Empty(fixture.BlobNames());
        using (PartialBlob again = blobs.OpenPartial(digest, 5)!)
        {
            again.Write("right"u8, 0);
            again.Commit(BlobDigest.Of("right"u8)); // worked out while the bytes came
        }
        Assert.True(blobs.Exists(digest));
    }

    [Fact]
    public void AnotherSizeBeginsAnew()
    {
        using StoreFixture fixture = new();
        BlobStore blobs = fixture.Open().Blobs;
        BlobDigest digest = BlobDigest.Of("ab"u8);
        using (PartialBlob first = blobs.OpenPartial(digest, 5)!)
        {
            first.Write("abcde"u8, 0);
            File.WriteAllText(first.JournalPath, "all");
        }
        using PartialBlob second = blobs.OpenPartial(digest, 2)!;
        Assert.False(File.Exists(second.JournalPath));
        Assert.Equal(2, second.Size);
        Assert.Equal(StoreErrorKind.DigestMismatch, Assert.Throws<StoreException>(() => second.Commit()).Kind);
    }

    private sealed class BreakingStream : MemoryStream
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _reads++ == 0 ? ValueTask.FromResult(10) : throw new IOException("the connection broke");
    }
}

/// <summary>A test that needs a file system in memory, another one than that of temporary files.</summary>
internal sealed class MemoryDiskFactAttribute : FactAttribute
{
    public const string Folder = "/dev/shm";

    public MemoryDiskFactAttribute() => Skip = Directory.Exists(Folder) ? null : $"There is no file system in memory at {Folder}.";
}
