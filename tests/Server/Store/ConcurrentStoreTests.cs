using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Store;

/// <summary>Several who add and delete models that share blobs, each with a store object of its own, as processes have: the lock is the system's, and knows no difference.</summary>
public sealed class ConcurrentStoreTests
{
    private const int Workers = 4;
    private const int Rounds = 40;

    [Fact]
    public async Task WhatIsListedIsAlwaysWhole()
    {
        using StoreFixture fixture = new();
        using CancellationTokenSource done = new();
        Task<int> reader = Task.Factory.StartNew(() => CountTorn(fixture, done.Token), TaskCreationOptions.LongRunning);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Factory.StartNew(() => AddAndDelete(fixture, worker), TaskCreationOptions.LongRunning)));
        await done.CancelAsync();

        Assert.Equal(0, await reader);
        StoreListing list = fixture.Open().List();
        Assert.Equal(Workers, list.Models.Count); // every worker's last round adds
        Assert.DoesNotContain(StoreVerification.Run(fixture.Open(), default), verdict => verdict.State != BlobState.Right);
    }

    [Fact]
    public async Task ModelsAreCopiedIntoTheStoreWhileOthersDeleteTheirs()
    {
        using StoreFixture fixture = new();
        ServedModel model = new() { Names = ["offered"], Path = RepoPaths.Vector("models", "llama-q4_1.gguf"), Licence = "MIT" };
        GgufFacts facts = GgufFacts.Read(model.Path);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            ModelStore store = fixture.Open();
            for (int round = 0; round < Rounds; round++)
            {
                await SynthesisedManifest.StoreAsync(store, StoreFixture.Name($"m{worker}"), model, facts, default);
                Assert.True(store.Delete(StoreFixture.Name($"m{worker}")));
            }
        })));
        Assert.Empty(fixture.BlobNames());
        Assert.True(File.Exists(model.Path));
    }

    [Fact]
    public void ABlobIsFetchedByOneAtATime()
    {
        using StoreFixture fixture = new();
        byte[] content = new byte[100_000];
        BlobDigest digest = BlobDigest.Of(content);
        int committed = 0;
        Parallel.For(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, _ =>
        {
            BlobStore blobs = fixture.Open().Blobs;
            while (!blobs.Exists(digest))
            {
                using PartialBlob? partial = blobs.OpenPartial(digest, content.Length);
                if (partial is not null)
                {
                    partial.Write(content, 0);
                    partial.Commit();
                    Interlocked.Increment(ref committed);
                }
            }
        });
        Assert.Equal(1, committed);
        Assert.Equal([digest.FileName], fixture.BlobNames());
    }

    private static int CountTorn(StoreFixture fixture, CancellationToken done)
    {
        int torn = 0;
        while (!done.IsCancellationRequested)
        {
            torn += fixture.Open().List().Broken.Count;
        }
        return torn;
    }

    private static void AddAndDelete(StoreFixture fixture, int worker)
    {
        ModelStore store = fixture.Open();
        for (int round = 0; round < Rounds; round++)
        {
            Add(store, worker, round);
            if (round < Rounds - 1 && round % 2 == 0)
            {
                Assert.True(store.Delete(StoreFixture.Name($"m{worker}")));
            }
        }
    }

    /// <summary>As a program that pulls does: blobs first, then the manifest, and again if another's delete took a shared blob in between.</summary>
    private static void Add(ModelStore store, int worker, int round)
    {
        while (true)
        {
            byte[] shared = "shared by all"u8.ToArray(), own = BitConverter.GetBytes((worker * Rounds) + round), config = "{}"u8.ToArray();
            ModelManifest manifest = new()
            {
                Config = ManifestLayer.Of(MediaTypes.Config, store.Blobs.Add(config), config.Length),
                Layers = [ManifestLayer.Of(MediaTypes.Model, store.Blobs.Add(shared), shared.Length), ManifestLayer.Of(MediaTypes.System, store.Blobs.Add(own), own.Length)],
            };
            try
            {
                store.Put(StoreFixture.Name($"m{worker}"), manifest.ToJson(), dropReplaced: true);
                return;
            }
            catch (StoreException exception) when (exception.Kind == StoreErrorKind.MissingBlob)
            {
            }
        }
    }
}
