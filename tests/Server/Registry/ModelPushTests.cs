using System.Text;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>Models sent to registries that forget, break, redirect and want pieces or none.</summary>
public sealed class ModelPushTests
{
    private const int Part = 64 << 10;
    private const int Size = (10 * Part) + 777;

    private static readonly RegistryOptions s_options = new() { UploadPartBytes = Part, RetryDelay = TimeSpan.FromMilliseconds(1), Uploads = 2 };

    [Fact]
    public async Task BlobsGoInPiecesAndTheManifestLastByteForByte()
    {
        await using Bench bench = await Bench.StartAsync();
        await bench.PushAsync();
        bench.RequireModel();
        Assert.Contains($"{9 * Part}-{(10 * Part) - 1}", bench.Registry.Uploads.Ranges);
        Assert.Contains($"{10 * Part}-{Size - 1}", bench.Registry.Uploads.Ranges);
        Assert.Equal(bench.Bytes, bench.Registry.Uploads.BytesReceived);
        Assert.Equal(("PUT", "/v2/me/tiny/manifests/v1"), (bench.Registry.Requests.Last().Method, bench.Registry.Requests.Last().Path));
        Assert.Equal(["pushing manifest", "success"], bench.Events.TakeLast(2).Select(told => told.Status));
        PullEvent model = bench.Events.Last(told => told.Digest == bench.Model);
        Assert.Equal(($"pushing {bench.Model["sha256:".Length..][..12]}", Size, Size), (model.Status, model.Total, model.Completed));
        Assert.Equal(4, bench.Events.Select(told => told.Digest).OfType<string>().Distinct().Count());
    }

    [Fact]
    public async Task WhatTheRegistryHasIsNotSent()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.Add(bench.Content);
        await bench.PushAsync();
        bench.RequireModel();
        Assert.Equal(bench.Bytes - Size, bench.Registry.Uploads.BytesReceived);
        Assert.Contains(bench.Events, told => told.Digest == bench.Model && told.Completed == Size);
        long before = bench.Registry.Uploads.BytesReceived;
        await bench.PushAsync();
        Assert.Equal(before, bench.Registry.Uploads.BytesReceived);
    }

    [Fact]
    public async Task ABrokenPieceGoesOnAtTheByteThatTheRegistryIsAt()
    {
        await using Bench bench = await Bench.StartAsync();
        await bench.FailPiecesAsync(every: 3, after: 1000);
        bench.RequireModel();
        Assert.Equal(bench.Bytes, bench.Registry.Uploads.BytesReceived); // no byte came twice
        Assert.Contains($"1000-{Part + 999}", bench.Registry.Uploads.Ranges);
    }

    [Fact]
    public async Task AForgottenUploadBeginsAnewAndNotForEver()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.Uploads.Resumes = false;
        await bench.FailPiecesAsync(every: 12, after: 1000);
        bench.RequireModel();

        await using Bench hopeless = await Bench.StartAsync();
        hopeless.Registry.Uploads.Resumes = false;
        RegistryException exception = await Assert.ThrowsAsync<RegistryException>(() => hopeless.FailPiecesAsync(every: 1, after: 1000));
        Assert.Contains("has failed 7 times in a row", exception.Message, StringComparison.Ordinal);
        Assert.Null(hopeless.Registry.File("me/tiny/manifests/v1"));
    }

    [Fact]
    public async Task AnAnswerThatGetsLostAtTheEndIsNoFailure()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.Uploads.Fault = (context, _) =>
        {
            if (context.Request.Method != "PUT" || context.Request.Query["digest"] != bench.Model)
            {
                return Task.FromResult(false);
            }
            bench.Registry.Add(bench.Content); // taken, and then the line breaks
            context.Abort();
            return Task.FromResult(true);
        };
        await bench.PushAsync();
        bench.RequireModel();
        Assert.Equal(bench.Bytes, bench.Registry.Uploads.BytesReceived);
    }

    [Fact]
    public async Task ARegistryThatTakesNoPiecesGetsTheWhole()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.Uploads.TakesPieces = false;
        await bench.PushAsync();
        bench.RequireModel();
        Assert.Equal(bench.Bytes, bench.Registry.Uploads.BytesReceived);
    }

    [Fact]
    public async Task ABlobOfAnotherRepositoryIsMounted()
    {
        await using Bench bench = await Bench.StartAsync();
        string folder = bench.Registry.Authority;
        bench.Store.RawManifest($"{folder}/me/twin/latest", File.ReadAllText(bench.Store.ManifestPath($"{folder}/me/tiny/v1")));
        bench.Registry.Uploads.Mounts = "me/twin";
        await bench.PushAsync();
        Assert.Equal(0, bench.Registry.Uploads.BytesReceived);
        Assert.Contains(bench.Registry.Requests, request => request.Path.EndsWith($"?mount={Uri.EscapeDataString(bench.Model)}&from=me%2Ftwin", StringComparison.Ordinal));
        Assert.Equal("success", bench.Events[^1].Status);

        bench.Registry.Uploads.Mounts = "somebody/else"; // not to be had: sent after all
        await using Bench refused = await Bench.StartAsync();
        refused.Store.RawManifest($"{refused.Registry.Authority}/me/twin/latest", File.ReadAllText(refused.Store.ManifestPath($"{refused.Registry.Authority}/me/tiny/v1")));
        await refused.PushAsync();
        refused.RequireModel();
    }

    [Fact]
    public async Task NoTokenGoesWhereUploadsAreElsewhere()
    {
        await using Bench bench = await Bench.StartAsync();
        await using FakeRegistry storage = await FakeRegistry.StartAsync();
        (bench.Registry.Token, bench.Registry.Uploads.UploadsAt) = ("secret", storage);
        await bench.PushAsync();
        Assert.Equal(bench.Bytes, storage.Uploads.BytesReceived);
        Assert.All(storage.Requests, request => Assert.Equal("", request.Authorization));
        Assert.Contains(bench.Registry.Requests, request => request is { Method: "POST", Authorization: "Bearer secret" });
        Assert.Contains(bench.Registry.Requests, request => request.Path.StartsWith("/token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnOverloadedRegistryIsAskedAgain()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.Unavailable = 5;
        await bench.PushAsync();
        bench.RequireModel();
    }

    [Fact]
    public async Task ASilentRegistryIsLeftAndAskedWhereItIs()
    {
        await using Bench bench = await Bench.StartAsync(s_options with { StallTimeout = TimeSpan.FromSeconds(1) });
        bench.Registry.Uploads.Fault = async (context, number) =>
        {
            if (number != 4)
            {
                return false;
            }
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await bench.PushAsync();
        bench.RequireModel();
    }

    [Fact]
    public async Task AModelWithAMissingOrShortenedBlobIsNotBegun()
    {
        await using Bench bench = await Bench.StartAsync();
        File.WriteAllBytes(bench.Store.PathOf(bench.Model), bench.Content[..100]);
        StoreException exception = await Assert.ThrowsAsync<StoreException>(bench.PushAsync);
        Assert.Contains("has 100 bytes, where its manifest says", exception.Message, StringComparison.Ordinal);
        File.Delete(bench.Store.PathOf(bench.Model));
        exception = await Assert.ThrowsAsync<StoreException>(bench.PushAsync);
        Assert.Equal(StoreErrorKind.MissingBlob, exception.Kind);
        Assert.Empty(bench.Registry.Requests);
    }

    [Fact]
    public async Task AChangedBlobIsTheRegistrysRefusal()
    {
        await using Bench bench = await Bench.StartAsync();
        byte[] changed = [.. bench.Content];
        changed[5] ^= 1;
        File.WriteAllBytes(bench.Store.PathOf(bench.Model), changed);
        RegistryException exception = await Assert.ThrowsAsync<RegistryException>(bench.PushAsync);
        Assert.Contains("localllm doctor --store", exception.Message, StringComparison.Ordinal);
        Assert.Null(bench.Registry.File("me/tiny/manifests/v1"));
    }

    private sealed class Bench : IAsyncDisposable
    {
        private readonly RegistryClient _client;

        private Bench(FakeRegistry registry, RegistryOptions options)
        {
            Registry = registry;
            _client = new RegistryClient(options);
            Content = new byte[Size];
            new Random(7).NextBytes(Content);
            (string Digest, long Size) model = Store.Blob(Content), system = Store.Blob("You are tiny."), empty = Store.Blob("");
            Model = model.Digest;
            Path = Store.Manifest($"{registry.Authority}/me/tiny/v1", "{}", ("model", model), ("system", system), ("license", empty), ("license", empty));
            Bytes = Size + system.Size + Encoding.UTF8.GetByteCount("{}");
        }

        public FakeRegistry Registry { get; }

        public StoreFixture Store { get; } = new();

        public byte[] Content { get; }

        public string Model { get; }

        public string Path { get; }

        public long Bytes { get; }

        public List<PullEvent> Events { get; } = [];

        public static async Task<Bench> StartAsync(RegistryOptions? options = null) => new(await FakeRegistry.StartAsync(), options ?? s_options);

        public async Task PushAsync()
        {
            ModelStore store = Store.Open();
            await new ModelPush(_client, store).RunAsync(
                store.Find(Registry.Name)!,
                new RegistryRepository(Registry.Name, insecure: true),
                limit: null,
                told =>
                {
                    Events.Add(told);
                    return Task.CompletedTask;
                },
                default);
        }

        /// <summary>Pushes with one piece of the model in so many breaking off.</summary>
        public Task FailPiecesAsync(int every, int after)
        {
            int pieces = 0;
            Registry.Uploads.Fault = async (context, _) =>
            {
                if (context.Request.Method != "PATCH" || context.Request.ContentLength < 2 * after || Interlocked.Increment(ref pieces) % every != 1 % every)
                {
                    return false;
                }
                await Registry.Uploads.BreakAsync(context, after);
                return true;
            };
            return PushAsync();
        }

        public void RequireModel()
        {
            Assert.Equal(File.ReadAllBytes(Path), Registry.File("me/tiny/manifests/v1"));
            Assert.Equal(Content, Registry.File($"me/tiny/blobs/{Model}"));
            Assert.Equal("{}"u8.ToArray(), Registry.File($"me/tiny/blobs/{BlobDigest.Of("{}"u8)}"));
        }

        public async ValueTask DisposeAsync()
        {
            _client.Dispose();
            await Registry.DisposeAsync();
            Store.Dispose();
        }
    }
}
