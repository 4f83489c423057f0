using System.Security.Cryptography;
using System.Text;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Tests.Store;

public sealed class ModelStoreTests
{
    private const string Tiny = "registry.ollama.ai/library/tiny/latest";

    [Fact]
    public void ReadsAManifestByteForByte()
    {
        using StoreFixture fixture = new();
        string path = fixture.WholeModel();
        StoredManifest found = fixture.Open().Find(StoreFixture.Name("tiny"))!;
        Assert.Equal(File.ReadAllBytes(path), found.Bytes.ToArray());
        Assert.Equal("sha256:" + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), found.Digest.ToString());
        Assert.Equal(7, found.Manifest.Layers.Count);
        Assert.Equal(fixture.BlobNames().Sum(name => new FileInfo(Path.Combine(fixture.Blobs, name)).Length), found.Manifest.Size);
        Assert.Equal(2, found.LayersOf(MediaTypes.License).Count());
        ModelConfig config = ModelConfig.Parse(File.ReadAllBytes(fixture.Open().Blobs.PathOf(found.Manifest.Config.Blob)));
        Assert.Equal(("qwen3", "1.2M", "Q8_0"), (config.ModelFamily, config.ModelType, config.FileType));
    }

    [Fact]
    public void AManifestWrittenHereIsOneThatOllamaReads()
    {
        ModelManifest manifest = new()
        {
            MediaType = MediaTypes.Manifest,
            Config = ManifestLayer.Of(MediaTypes.Config, BlobDigest.Of("c"u8), 1),
            Layers = [ManifestLayer.Of(MediaTypes.Model, BlobDigest.Of("m"u8), 2) with { From = "other:latest" }],
        };
        Assert.Equal(
            """{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6","size":1},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a","size":2,"from":"other:latest"}]}""",
            Encoding.UTF8.GetString(manifest.ToJson()));
        Assert.Equal(
            """{"model_format":"gguf","model_type":"7.6B","architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["a"]}}""",
            Encoding.UTF8.GetString(new ModelConfig
            {
                ModelFormat = "gguf",
                ModelType = "7.6B",
                Architecture = "amd64",
                Os = "linux",
                Rootfs = new RootFs { Type = "layers", DiffIds = ["a"] },
            }.ToJson()));
    }

    [Theory]
    [InlineData("tiny", "tiny:latest")]
    [InlineData("TINY:Latest", "tiny:latest")]
    [InlineData("Library/tiny", "tiny:latest")]
    [InlineData("Registry.Ollama.AI/library/tiny:latest", "tiny:latest")]
    [InlineData("hf.co/me/Some-Model-GGUF:Q4_K_M", "hf.co/Me/Some-Model-GGUF:Q4_K_M")]
    [InlineData("HF.CO/ME/some-model-gguf:q4_k_m", "hf.co/Me/Some-Model-GGUF:Q4_K_M")]
    [InlineData("localhost:5000/a/b:c", "localhost:5000/a/b:c")]
    [InlineData("tiny:other", null)]
    [InlineData("me/tiny", null)]
    [InlineData("hf.co/me/some-model-gguf", null)]
    public void NamesAreFoundInAnyCase(string name, string? expected)
    {
        using StoreFixture fixture = new();
        fixture.WholeModel(Tiny);
        fixture.WholeModel("hf.co/Me/Some-Model-GGUF/Q4_K_M");
        fixture.WholeModel("localhost:5000/a/b/c");
        Assert.Equal(expected, fixture.Open().Find(StoreFixture.Name(name))?.Name.DisplayName);
    }

    [Theory]
    [InlineData("TINY", "registry.ollama.ai/library/tiny:latest")]
    [InlineData("LIBRARY/Foo", "registry.ollama.ai/library/Foo:latest")]
    [InlineData("LIBRARY/Foo:LATEST", "registry.ollama.ai/library/Foo:latest")]
    [InlineData("HF.co/me/TINY:q8_0", "hf.co/Me/tiny:Q8_0")]
    [InlineData("example.com/New/Model:v1", "example.com/New/Model:v1")]
    public void NewNamesTakeTheSpellingThatIsThere(string name, string expected)
    {
        using StoreFixture fixture = new();
        byte[] manifest = File.ReadAllBytes(fixture.WholeModel(Tiny));
        fixture.WholeModel("hf.co/Me/Model/Q8_0");
        ModelStore store = fixture.Open();
        store.Put(StoreFixture.Name(name), manifest, dropReplaced: true);
        Assert.Equal(expected, store.Find(StoreFixture.Name(name))!.Name.FullName);
        Assert.Equal(store.List().Models.Count, store.List().Models.Select(model => model.Name).Distinct().Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BlobsOfAReplacedModelStayIfTheyShall(bool keep)
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        fixture.Manifest("registry.ollama.ai/library/other/latest", "{}", ("system", fixture.Blob("only here")));
        ModelStore store = new(fixture.Root) { KeepsReplaced = keep };
        Assert.True(store.Copy(StoreFixture.Name("tiny"), StoreFixture.Name("other")));
        Assert.Equal(keep, File.Exists(fixture.PathOf(fixture.Blob("x").Digest)) && fixture.BlobNames().Any(name => File.ReadAllText(Path.Combine(fixture.Blobs, name)) == "only here"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha256:12"},"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6","size":-1},"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"},"layers":null}""")]
    [InlineData("""{"config":{"digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"},"layers":[null]}""")]
    [InlineData("""{"config":{"digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6","size":1},"layers":[{"mediaType":"a","digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6","size":2}]}""")]
    [InlineData("""{"config":{"digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"},"layers":[{"mediaType":null,"digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"}]}""")]
    [InlineData("""{"config":{"digest":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"},"layers":[{"mediaType":"a","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":9000000000000000000},{"mediaType":"a","digest":"sha256:1111111111111111111111111111111111111111111111111111111111111111","size":9000000000000000000}]}""")]
    [InlineData("""{"config":{"digest":"sha256:../../../../../../etc/passwd/00000000000000000000000000000000000000"},"layers":[]}""")]
    public void BrokenManifestsAreNamedAndPassedOver(string json)
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        string broken = fixture.RawManifest("registry.ollama.ai/library/bad/latest", json);
        ModelStore store = fixture.Open();
        StoreListing list = store.List();
        Assert.Equal("tiny:latest", Assert.Single(list.Models).Name.DisplayName);
        Assert.StartsWith($"the manifest '{broken}' is broken: ", Assert.Single(list.Broken), StringComparison.Ordinal);
        Assert.Equal(StoreErrorKind.Broken, Assert.Throws<StoreException>(() => store.Find(StoreFixture.Name("bad"))).Kind);
        Assert.True(store.Delete(StoreFixture.Name("bad")));
        Assert.False(Directory.Exists(Path.GetDirectoryName(broken)));
        Assert.Empty(store.List().Broken);
    }

    [Fact]
    public void WhatIsNoManifestIsNotListed()
    {
        using StoreFixture fixture = new();
        fixture.RawManifest("registry.ollama.ai/library/tiny/.0123.tmp", "half of a manifest");
        fixture.RawManifest("registry.ollama.ai/library/.DS_Store", "x");
        fixture.RawManifest("registry.ollama.ai/a/b/c/d", "too deep");
        StoreListing list = fixture.Open().List();
        Assert.Empty(list.Models);
        Assert.Empty(list.Broken);
    }

    [Fact]
    public void DeletingRemovesWhatNothingElseUses()
    {
        using StoreFixture fixture = new();
        string config = """{"model_format":"gguf"}""";
        (string Digest, long Size) shared = fixture.Blob("shared"), own = fixture.Blob("own");
        fixture.Manifest(Tiny, config, ("model", shared), ("system", own));
        fixture.Manifest("registry.ollama.ai/library/other/latest", config, ("model", shared));
        ModelStore store = fixture.Open();
        Assert.True(store.Delete(StoreFixture.Name("TINY")));
        Assert.False(File.Exists(fixture.PathOf(own.Digest)));
        Assert.True(File.Exists(fixture.PathOf(shared.Digest)));
        Assert.False(Directory.Exists(Path.GetDirectoryName(fixture.ManifestPath(Tiny))));
        Assert.False(store.Delete(StoreFixture.Name("tiny")));
        Assert.True(store.Delete(StoreFixture.Name("other")));
        Assert.Empty(fixture.BlobNames());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(fixture.Root, "manifests")));
    }

    [Fact]
    public void NothingIsRemovedWhileAManifestCannotBeRead()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        string[] before = fixture.BlobNames();
        fixture.RawManifest("registry.ollama.ai/library/bad/latest", "{");
        Assert.True(fixture.Open().Delete(StoreFixture.Name("tiny")));
        Assert.Equal(before, fixture.BlobNames());
    }

    [Fact]
    public void CopyingSharesTheBlobs()
    {
        using StoreFixture fixture = new();
        byte[] manifest = File.ReadAllBytes(fixture.WholeModel());
        string[] before = fixture.BlobNames();
        ModelStore store = fixture.Open();
        Assert.True(store.Copy(StoreFixture.Name("tiny"), StoreFixture.Name("me/copy:v2")));
        Assert.Equal(manifest, File.ReadAllBytes(fixture.ManifestPath("registry.ollama.ai/me/copy/v2")));
        Assert.Equal(before, fixture.BlobNames());
        Assert.False(store.Copy(StoreFixture.Name("nope"), StoreFixture.Name("copy")));
        Assert.True(store.Copy(StoreFixture.Name("tiny"), StoreFixture.Name("TINY"))); // itself
        Assert.Equal(2, store.List().Models.Count);
        Assert.Equal(before, fixture.BlobNames());
    }

    [Fact]
    public void AManifestNeedsItsBlobsAndReplacesAnother()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        (string Digest, long Size) old = fixture.Blob("old model");
        fixture.Manifest("registry.ollama.ai/library/moving/latest", "{}", ("model", old));
        ModelStore store = fixture.Open();
        byte[] manifest = store.Find(StoreFixture.Name("tiny"))!.Bytes.ToArray();
        Assert.Equal(2, store.Put(StoreFixture.Name("Moving"), manifest, dropReplaced: true)); // the model and the config
        Assert.False(File.Exists(fixture.PathOf(old.Digest)));
        File.Delete(store.Blobs.PathOf(store.Find(StoreFixture.Name("tiny"))!.Manifest.Layers[0].Blob));
        StoreException missing = Assert.Throws<StoreException>(() => store.Put(StoreFixture.Name("third"), manifest, dropReplaced: true));
        Assert.Equal(StoreErrorKind.MissingBlob, missing.Kind);
        Assert.Null(store.Find(StoreFixture.Name("third")));
        Assert.Equal(StoreErrorKind.Broken, Assert.Throws<StoreException>(() => store.Put(StoreFixture.Name("third"), "{}"u8, dropReplaced: true)).Kind);
    }

    [Fact]
    public async Task AReadOnlyStoreIsNeverTouched()
    {
        using StoreFixture fixture = new();
        byte[] manifest = File.ReadAllBytes(fixture.WholeModel());
        string[] before = Snapshot(fixture.Root);
        ModelStore store = fixture.Open(readOnly: true);
        Assert.NotNull(store.Find(StoreFixture.Name("tiny")));
        Action[] changes =
        [
            () => store.Delete(StoreFixture.Name("tiny")),
            () => store.Delete(StoreFixture.Name("nope")),
            () => store.Copy(StoreFixture.Name("tiny"), StoreFixture.Name("copy")),
            () => store.Put(StoreFixture.Name("copy"), manifest, dropReplaced: true),
            () => store.Blobs.Add("x"u8),
            () => store.Blobs.OpenPartial(BlobDigest.Of("x"u8), 1),
            () => StorePruning.Prune(store, DateTime.UtcNow.AddDays(30)),
        ];
        foreach (Action change in changes)
        {
            StoreException refused = Assert.Throws<StoreException>(change);
            Assert.Equal(StoreErrorKind.ReadOnly, refused.Kind);
            Assert.Contains("LOCALLLM_STORE_READONLY", refused.Message, StringComparison.Ordinal);
        }
        await Assert.ThrowsAsync<StoreException>(() => store.Blobs.AddAsync(BlobDigest.Of("x"u8), new MemoryStream("x"u8.ToArray()), default));
        Assert.Equal(before, Snapshot(fixture.Root));
    }

    [Fact]
    public void AStoreThatIsNotThereIsEmptyAndIsMadeByTheFirstChange()
    {
        using StoreFixture fixture = new();
        ModelStore store = fixture.Open();
        Assert.Empty(store.List().Models);
        Assert.Null(store.Find(StoreFixture.Name("tiny")));
        Assert.False(store.Delete(StoreFixture.Name("tiny")));
        Assert.Equal(new PruneReport(0, 0, []).Files, StorePruning.Prune(store, DateTime.UtcNow).Files);
        Assert.False(Directory.Exists(fixture.Root));
        BlobDigest digest = store.Blobs.Add("x"u8);
        Assert.True(store.Blobs.Exists(digest));
    }

    private static string[] Snapshot(string root) =>
        [.. Directory.EnumerateFileSystemEntries(root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(path => $"{path} {File.GetLastWriteTimeUtc(path):O}").Order(StringComparer.Ordinal)];
}
