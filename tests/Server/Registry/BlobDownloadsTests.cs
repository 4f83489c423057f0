using System.Diagnostics;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>Blobs over connections that break, stall and lie.</summary>
public sealed class BlobDownloadsTests
{
    private const int Part = 64 << 10;
    private const int Size = (20 * Part) + 777;

    private static readonly RegistryOptions s_options = new()
    {
        Streams = 4,
        PartBytes = Part,
        StealBytes = 8 << 10,
        StealAfter = TimeSpan.FromHours(1),
        TakeOverAfter = TimeSpan.FromHours(1),
        CheckpointBytes = Part / 2,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        WaitForOthers = TimeSpan.FromMilliseconds(5),
    };

    private static readonly byte[] s_blob = Bytes();

    [Fact]
    public async Task EveryByteComesOnceAndTheNotesGo()
    {
        await using Bench bench = await Bench.StartAsync();
        await bench.FetchAsync();
        bench.RequireBlob();
        Assert.True(bench.Registry.Requests.Count(request => request.Range.Length > 0) >= 21);
        Assert.Equal(Size, bench.Registry.BytesSent);
    }

    [Fact]
    public async Task ConnectionsThatBreakAreOpenedAgainWhereTheyStood()
    {
        await using Bench bench = await Bench.StartAsync();
        int requests = 0;
        bench.Registry.Fault = async (context, bytes) =>
        {
            int number = Interlocked.Increment(ref requests);
            if (number % 2 == 0)
            {
                return false;
            }
            await bench.Registry.SendBytesAsync(context, bytes.AsMemory(0, Math.Min(bytes.Length, number * 1000)));
            context.Abort();
            return true;
        };
        await bench.FetchAsync();
        bench.RequireBlob();
    }

    [Fact]
    public async Task AnOverloadedRegistryIsAskedAgainButNotForEver()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.Unavailable = 4;
        await bench.FetchAsync();
        bench.RequireBlob();

        await using Bench hopeless = await Bench.StartAsync();
        hopeless.Registry.Fault = (context, _) =>
        {
            context.Abort();
            return Task.FromResult(true);
        };
        RegistryException exception = await Assert.ThrowsAsync<RegistryException>(hopeless.FetchAsync);
        Assert.Contains("has failed 7 times in a row", exception.Message, StringComparison.Ordinal);
        Assert.Contains("pull again to go on where it stopped", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASilentConnectionIsReplaced()
    {
        await using Bench bench = await Bench.StartAsync(s_options with { StallTimeout = TimeSpan.FromSeconds(2) });
        int stalled = 0;
        bench.Registry.Fault = async (context, bytes) =>
        {
            if (Interlocked.Increment(ref stalled) > 2)
            {
                return false;
            }
            await bench.Registry.SendBytesAsync(context, bytes.AsMemory(0, 100));
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await bench.FetchAsync();
        bench.RequireBlob();
        Assert.True(stalled > 2);
    }

    [Fact]
    public async Task WhatASilentConnectionHasIsTakenOverByOneThatIsDone()
    {
        await using Bench bench = await Bench.StartAsync(s_options with { StallTimeout = TimeSpan.FromHours(1), TakeOverAfter = TimeSpan.FromMilliseconds(50) });
        int stalled = 0;
        bench.Registry.Fault = async (context, bytes) =>
        {
            if (Interlocked.Increment(ref stalled) != 3)
            {
                return false;
            }
            await bench.Registry.SendBytesAsync(context, bytes.AsMemory(0, 100));
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await bench.FetchAsync(); // and it is not waited for
        bench.RequireBlob();
    }

    [Fact]
    public async Task BytesThatCannotBeHadAreGivenUpWhoeverAsksForThem()
    {
        await using Bench bench = await Bench.StartAsync(s_options with { TakeOverAfter = TimeSpan.FromMilliseconds(1), RetryDelay = TimeSpan.FromMilliseconds(20) });
        bench.Registry.Fault = (context, _) =>
        {
            bool bad = context.Request.Headers.Range.ToString().StartsWith($"bytes={5 * Part}-", StringComparison.Ordinal);
            if (bad)
            {
                context.Abort();
            }
            return Task.FromResult(bad);
        };
        RegistryException exception = await Assert.ThrowsAsync<RegistryException>(bench.FetchAsync);
        Assert.Contains("has failed 7 times in a row", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARegistryWithoutRangesSendsTheWhole()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.KnowsRanges = false;
        await bench.FetchAsync();
        bench.RequireBlob();
        Assert.Equal(Size, bench.Registry.BytesSent);
        Assert.Single(bench.Registry.Paths("GET"));
    }

    [Fact]
    public async Task WrongBytesAreDiscarded()
    {
        await using Bench bench = await Bench.StartAsync();
        bench.Registry.Fault = async (context, bytes) =>
        {
            bytes[^1] ^= 1;
            await bench.Registry.SendBytesAsync(context, bytes);
            return true;
        };
        RegistryException exception = await Assert.ThrowsAsync<RegistryException>(bench.FetchAsync);
        Assert.StartsWith("digest mismatch, file must be downloaded again: ", exception.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Store.BlobNames());
        bench.Registry.Fault = null;
        await bench.FetchAsync();
        bench.RequireBlob();
    }

    [Fact]
    public async Task WhatCameBeforeTheLastOneLeftIsNotFetchedAgain()
    {
        await using Bench bench = await Bench.StartAsync(s_options with { Streams = 1 });
        int requests = 0;
        TaskCompletionSource stuck = new();
        bench.Registry.Fault = async (context, _) =>
        {
            if (Interlocked.Increment(ref requests) <= 10)
            {
                return false;
            }
            stuck.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        using (DownloadShare share = await bench.Downloads.JoinAsync(bench.Repository, bench.Layer))
        {
            await stuck.Task;
            share.Dispose();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => share.Task);
        }
        Assert.Equal([$"sha256-{bench.Layer.Blob.Hex}-partial", $"sha256-{bench.Layer.Blob.Hex}-partial-journal"], bench.Store.BlobNames());
        bench.Registry.Fault = null;
        await bench.FetchAsync();
        bench.RequireBlob();
        Assert.Equal(Size, bench.Registry.BytesSent);
    }

    [Fact]
    public async Task ANoteThatACrashHasTornCountsForNothing()
    {
        await using Bench bench = await Bench.StartAsync();
        using (PartialBlob partial = bench.Blobs.OpenPartial(bench.Layer.Blob, Size)!)
        {
            partial.Write(s_blob.AsSpan(0, 3 * Part), 0);
            File.WriteAllText(partial.JournalPath, $"0 {Part}\n{Part} {2 * Part}\n9 zero\n5 999999999\n{2 * Part} {Size}");
        }
        await bench.FetchAsync();
        bench.RequireBlob();
        Assert.InRange(bench.Registry.BytesSent, Size - (2 * Part), Size + (2 * Part));
        Assert.DoesNotContain(bench.Registry.Requests, request => request.Range.StartsWith("bytes=0-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ACrashCostsNoMoreThanAPart()
    {
        await using Bench bench = await Bench.StartAsync();
        int left = 12;
        TaskCompletionSource stuck = new();
        bench.Registry.Fault = async (context, _) =>
        {
            if (Interlocked.Decrement(ref left) >= 0)
            {
                return false;
            }
            stuck.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        using DownloadShare share = await bench.Downloads.JoinAsync(bench.Repository, bench.Layer);
        await stuck.Task;
        while (share.Completed < 9 * Part)
        {
            await Task.Delay(5);
        }
        // What a killed process leaves: the files as they are at this moment, nothing closed in order.
        await using Bench next = await Bench.StartAsync();
        Directory.CreateDirectory(next.Store.Blobs);
        foreach (string name in bench.Store.BlobNames().OrderDescending(StringComparer.Ordinal)) // the journal first: what it says is in the other
        {
            Copy(Path.Combine(bench.Store.Blobs, name), Path.Combine(next.Store.Blobs, name));
        }
        await next.FetchAsync();
        next.RequireBlob();
        Assert.InRange(next.Registry.BytesSent, Size - (12 * Part), Size - (8 * Part));
        Assert.DoesNotContain(next.Registry.Requests, request => request.Range.StartsWith("bytes=0-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatIsThereIsNotWrittenOver()
    {
        await using Bench bench = await Bench.StartAsync();
        using (PartialBlob partial = bench.Blobs.OpenPartial(bench.Layer.Blob, Size)!)
        {
            partial.Write(s_blob.AsSpan(0, 3 * Part), 0);
            File.WriteAllText(partial.JournalPath, $"0 {3 * Part}\n");
        }
        bench.Registry.KnowsRanges = false; // so that all comes again, and wrong where it was right
        bench.Registry.Fault = async (context, bytes) =>
        {
            bytes.AsSpan(0, 3 * Part).Clear();
            await bench.Registry.SendBytesAsync(context, bytes);
            return true;
        };
        await bench.FetchAsync();
        bench.RequireBlob();
    }

    [Theory]
    [InlineData(Size - 1)]
    [InlineData(Size + 1)]
    public async Task ASizeThatTheManifestHasWrongIsSaid(int size)
    {
        await using Bench bench = await Bench.StartAsync();
        foreach (bool ranges in new[] { true, false })
        {
            bench.Registry.KnowsRanges = ranges;
            RegistryException exception = await Assert.ThrowsAsync<RegistryException>(() => bench.FetchAsync(bench.Layer with { Size = size }));
            Assert.Contains($"{size}", exception.Message, StringComparison.Ordinal);
        }
        Assert.DoesNotContain($"sha256-{bench.Layer.Blob.Hex}", bench.Store.BlobNames());
    }

    [Fact]
    public async Task ASizeThatTheManifestLacksIsAskedFor()
    {
        await using Bench bench = await Bench.StartAsync();
        await bench.FetchAsync(bench.Layer with { Size = 0 });
        bench.RequireBlob();
        Assert.Single(bench.Registry.Paths("HEAD"));
    }

    [Fact]
    public async Task OneDownloadServesAllWhoWantTheBlob()
    {
        await using Bench bench = await Bench.StartAsync();
        TaskCompletionSource go = new();
        bench.Registry.Fault = async (_, _) =>
        {
            await go.Task;
            return false;
        };
        DownloadShare[] shares = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => bench.Downloads.JoinAsync(bench.Repository, bench.Layer)));
        shares[0].Dispose(); // one that leaves takes nothing from the others
        go.SetResult();
        await Task.WhenAll(shares.Select(share => share.Task));
        Assert.All(shares, share => Assert.Equal((Size, Size), (share.Total, share.Completed)));
        Array.ForEach(shares, share => share.Dispose());
        bench.RequireBlob();
        Assert.Equal(Size, bench.Registry.BytesSent);
    }

    [Fact]
    public async Task ABlobThatAnotherProcessFetchesIsWaitedFor()
    {
        await using Bench bench = await Bench.StartAsync();
        Task fetching;
        using (PartialBlob other = bench.Blobs.OpenPartial(bench.Layer.Blob, Size)!)
        {
            fetching = bench.FetchAsync();
            other.Write(s_blob, 0);
            other.Commit();
        }
        await fetching;
        bench.RequireBlob();
        Assert.Equal(0, bench.Registry.BytesSent);
    }

    /// <summary>Copies a file that this process has locked, which another may read all the same.</summary>
    private static void Copy(string from, string to)
    {
        using Process copy = Process.Start("cp", [from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }

    private static byte[] Bytes()
    {
        byte[] bytes = new byte[Size];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    private sealed class Bench : IAsyncDisposable
    {
        private readonly RegistryClient _client;

        private Bench(FakeRegistry registry, RegistryOptions options)
        {
            Registry = registry;
            _client = new RegistryClient(options);
            Blobs = Store.Open().Blobs;
            Downloads = new BlobDownloads(_client, Blobs);
            Repository = new RegistryRepository(registry.Name, insecure: true);
            Layer = new ManifestLayer { Digest = registry.Add(s_blob), Size = Size };
        }

        public FakeRegistry Registry { get; }

        public StoreFixture Store { get; } = new();

        public BlobStore Blobs { get; }

        public BlobDownloads Downloads { get; }

        public RegistryRepository Repository { get; }

        public ManifestLayer Layer { get; }

        public static async Task<Bench> StartAsync(RegistryOptions? options = null) => new(await FakeRegistry.StartAsync(), options ?? s_options);

        public Task FetchAsync() => FetchAsync(Layer);

        public async Task FetchAsync(ManifestLayer layer)
        {
            using DownloadShare share = await Downloads.JoinAsync(Repository, layer);
            await share.Task;
        }

        public void RequireBlob()
        {
            Assert.Equal([$"sha256-{Layer.Blob.Hex}"], Store.BlobNames());
            Assert.True(File.ReadAllBytes(Blobs.PathOf(Layer.Blob)).AsSpan().SequenceEqual(s_blob));
        }

        public async ValueTask DisposeAsync()
        {
            _client.Dispose();
            await Registry.DisposeAsync();
            Store.Dispose();
        }
    }
}
