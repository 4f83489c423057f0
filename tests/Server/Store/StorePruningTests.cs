using LocalLlm.Server.Store;

namespace LocalLlm.Server.Tests.Store;

public sealed class StorePruningTests
{
    private static readonly DateTime s_now = DateTime.UtcNow;

    [Fact]
    public void OnlyOldUnusedFilesGo()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        string[] used = fixture.BlobNames();
        Age(fixture, used, TimeSpan.FromDays(30));
        string old = Unused(fixture, "old", TimeSpan.FromMinutes(61)), young = Unused(fixture, "young", TimeSpan.FromMinutes(59));
        Write(fixture, "sha256-123456", TimeSpan.FromHours(2));
        Write(fixture, ".0123.tmp", TimeSpan.FromHours(2));
        PruneReport report = StorePruning.Prune(fixture.Open(), s_now);
        Assert.Equal((3, 0), (report.Files, report.Broken.Count));
        Assert.Equal([.. used.Append(young).Order(StringComparer.Ordinal)], fixture.BlobNames());
        Assert.DoesNotContain(old, fixture.BlobNames());
    }

    [Theory]
    [InlineData(30, null, true)] // minutes old
    [InlineData(120, null, false)]
    [InlineData(60 * 24 * 6, 60 * 24 * 6, true)]
    [InlineData(60 * 24 * 9, 60 * 24 * 6, true)] // the notes are what counts
    [InlineData(60 * 24 * 9, 60 * 24 * 8, false)]
    public void BrokenOffDownloadsStayAsLongAsTheirNotesAreYoung(int partialAge, int? journalAge, bool stays)
    {
        using StoreFixture fixture = new();
        string partial = BlobDigest.Of("x"u8).FileName + PartialBlob.Suffix;
        Write(fixture, partial, TimeSpan.FromMinutes(partialAge));
        if (journalAge is { } age)
        {
            Write(fixture, PartialBlob.JournalOf(partial), TimeSpan.FromMinutes(age));
            Write(fixture, $"{partial}-3", TimeSpan.FromMinutes(age + 100)); // as Ollama notes its parts
        }
        StorePruning.Prune(fixture.Open(), s_now);
        Assert.Equal(stays ? (journalAge is null ? 1 : 3) : 0, fixture.BlobNames().Length);
    }

    [Fact]
    public void NothingGoesWhileAManifestIsBroken()
    {
        using StoreFixture fixture = new();
        string broken = fixture.RawManifest("registry.ollama.ai/library/bad/latest", "{");
        Unused(fixture, "old", TimeSpan.FromDays(3));
        PruneReport report = StorePruning.Prune(fixture.Open(), s_now);
        Assert.Equal(0, report.Files);
        Assert.Contains(broken, Assert.Single(report.Broken), StringComparison.Ordinal);
        Assert.Single(fixture.BlobNames());
    }

    [Fact]
    public void NothingGoesWhileAManifestMayBeHidden()
    {
        using StoreFixture fixture = new();
        fixture.RawManifest("registry.ollama.ai/library/tiny/.DS_Store", "a file manager's");
        string odd = fixture.RawManifest("registry.ollama.ai/library/tiny/latest (copy)", "{}");
        Unused(fixture, "old", TimeSpan.FromDays(3));
        PruneReport report = StorePruning.Prune(fixture.Open(), s_now);
        Assert.Contains(odd, Assert.Single(report.Broken), StringComparison.Ordinal);
        File.Delete(odd);
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(odd.Replace(" (copy)", "", StringComparison.Ordinal), Path.Combine(fixture.Root, "gone"));
            Assert.Contains("is a link to", Assert.Single(StorePruning.Prune(fixture.Open(), s_now).Broken), StringComparison.Ordinal);
        }
        Assert.Single(fixture.BlobNames());
    }

    [Fact]
    public void EmptyFoldersAndOldTemporaryManifestsGo()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        Directory.CreateDirectory(fixture.ManifestPath("example.com/a/b"));
        string young = fixture.RawManifest("registry.ollama.ai/library/young/.1.tmp", "{"), old = fixture.RawManifest("registry.ollama.ai/library/old/.2.tmp", "{");
        File.SetLastWriteTimeUtc(old, s_now.AddHours(-2));
        StorePruning.Prune(fixture.Open(), s_now);
        Assert.Equal(["registry.ollama.ai"], Directory.EnumerateDirectories(Path.Combine(fixture.Root, "manifests")).Select(path => Path.GetFileName(path)!));
        Assert.True(File.Exists(young));
        Assert.False(Directory.Exists(Path.GetDirectoryName(old)));
        Assert.NotNull(fixture.Open().Find(StoreFixture.Name("tiny")));
    }

    [Fact]
    public void LegacyBlobsGetTheirNewNames()
    {
        using StoreFixture fixture = new();
        BlobDigest digest = BlobDigest.Of("x"u8);
        Write(fixture, digest.ToString(), TimeSpan.Zero);
        Write(fixture, "sha256:no", TimeSpan.Zero);
        Assert.Equal(1, StorePruning.RenameLegacyBlobs(fixture.Open()));
        Assert.Equal([digest.FileName, "sha256:no"], fixture.BlobNames());
        Assert.Equal(0, StorePruning.RenameLegacyBlobs(fixture.Open()));
    }

    [Fact]
    public void VerifyingFindsEveryKindOfDamage()
    {
        using StoreFixture fixture = new();
        (string Digest, long Size) right = fixture.Blob("right"), changed = fixture.Blob("changed"), missing = fixture.Blob("missing"), sized = fixture.Blob("sized"), unused = fixture.Blob("unused");
        fixture.Manifest("registry.ollama.ai/library/m/latest", "{}", ("model", right), ("system", changed), ("template", missing), ("license", (sized.Digest, 4)));
        File.WriteAllText(fixture.PathOf(changed.Digest), "Changed");
        File.Delete(fixture.PathOf(missing.Digest));
        Dictionary<string, BlobVerdict> verdicts = StoreVerification.Run(fixture.Open(), default).ToDictionary(verdict => verdict.Digest.ToString());
        Assert.Equal(
            (BlobState.Right, BlobState.Changed, BlobState.Missing, BlobState.WrongSize, BlobState.Unused),
            (verdicts[right.Digest].State, verdicts[changed.Digest].State, verdicts[missing.Digest].State, verdicts[sized.Digest].State, verdicts[unused.Digest].State));
        Assert.Equal(6, verdicts.Count); // the config too
        Assert.Equal(3, verdicts.Values.Count(verdict => verdict.IsDamage));
        Assert.Equal(["m:latest"], verdicts[changed.Digest].Models);
    }

    private static string Unused(StoreFixture fixture, string content, TimeSpan age)
    {
        string name = fixture.Blob(content).Digest.Replace(':', '-');
        Age(fixture, [name], age);
        return name;
    }

    private static void Write(StoreFixture fixture, string name, TimeSpan age)
    {
        Directory.CreateDirectory(fixture.Blobs);
        File.WriteAllText(Path.Combine(fixture.Blobs, name), "x");
        Age(fixture, [name], age);
    }

    private static void Age(StoreFixture fixture, string[] names, TimeSpan age) =>
        Array.ForEach(names, name => File.SetLastWriteTimeUtc(Path.Combine(fixture.Blobs, name), s_now - age));
}
