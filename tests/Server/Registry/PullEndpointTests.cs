using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Store;
using Microsoft.AspNetCore.Http;

namespace LocalLlm.Server.Tests.Registry;

/// <summary><c>POST /api/pull</c> against a registry of the test's own.</summary>
public sealed class PullEndpointTests
{
    [Fact]
    public async Task APulledModelIsThereAtOnce()
    {
        await using PullBench bench = await PullBench.StartAsync();
        using HttpResponseMessage response = await bench.Server.PostAsync("/api/pull", $$"""{"name":"{{bench.Name}}","insecure":true}""");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.ToString());
        string text = await response.Content.ReadAsStringAsync();
        Assert.StartsWith("""{"status":"pulling manifest"}""" + "\n", text, StringComparison.Ordinal);
        ModelManifest manifest = ModelManifest.Parse(bench.Manifest);
        Assert.Equal(
            ["pulling manifest", .. manifest.Blobs.Select(blob => $"pulling {blob.Short}"), "verifying sha256 digest", "writing manifest", "success"],
            Statuses(PullBench.Lines(text)));
        Assert.Equal(bench.Manifest, File.ReadAllBytes(bench.Target.ManifestPath($"{bench.Registry.Authority}/me/tiny/v1")));

        JsonElement model = JsonDocument.Parse(await bench.Server.Client.GetStringAsync("/api/tags")).RootElement.GetProperty("models")[0];
        Assert.Equal((bench.Name, Convert.ToHexStringLower(SHA256.HashData(bench.Manifest))), (Text(model, "name"), Text(model, "digest")));
        Assert.Equal("You are tiny.", Text(await bench.Server.AskJsonAsync("/api/show", $$"""{"model":"{{bench.Name}}"}"""), "system"));
        Assert.True((await bench.Server.AskJsonAsync("/api/generate", $$"""{"model":"{{bench.Name}}","prompt":"x","stream":false}""")).GetProperty("done").GetBoolean());
        Assert.DoesNotContain(StoreVerification.Run(bench.Target.Open(), default), verdict => verdict.State != BlobState.Right);
    }

    [Fact]
    public async Task ProgressGrowsToTheSizeOfEachLayer()
    {
        await using PullBench bench = await PullBench.StartAsync();
        bench.Registry.Fault = async (_, _) =>
        {
            await Task.Delay(5);
            return false;
        };
        JsonElement[] lines = await bench.PullAsync();
        foreach (ManifestLayer layer in ModelManifest.Parse(bench.Manifest).Layers)
        {
            JsonElement[] own = [.. lines.Where(line => line.TryGetProperty("digest", out JsonElement digest) && digest.GetString() == layer.Digest)];
            Assert.All(own, line => Assert.Equal(layer.Size, line.GetProperty("total").GetInt64()));
            Assert.False(own[0].TryGetProperty("completed", out _)); // nothing yet
            long[] completed = [.. own.Skip(1).Select(line => line.GetProperty("completed").GetInt64())];
            Assert.Equal(completed.Order(), completed);
            Assert.Equal(layer.Size, completed[^1]);
        }
        Assert.Contains(lines, line => line.TryGetProperty("completed", out JsonElement completed) && completed.GetInt64() < line.GetProperty("total").GetInt64());
    }

    [Fact]
    public async Task AModelThatIsUpToDateCostsOneRequest()
    {
        await using PullBench bench = await PullBench.StartAsync();
        await bench.PullAsync();
        bench.Registry.Requests.Clear();
        JsonElement[] lines = await bench.PullAsync();
        Assert.Equal("success", Text(lines[^1], "status"));
        Assert.All(lines.Where(line => line.TryGetProperty("digest", out _)), line => Assert.Equal(line.GetProperty("total").GetInt64(), line.GetProperty("completed").GetInt64()));
        Assert.Equal("/v2/me/tiny/manifests/v1", Assert.Single(bench.Registry.Paths("GET")));
    }

    [Fact]
    public async Task WithoutAStreamTheLastObjectIsTheAnswer()
    {
        await using PullBench bench = await PullBench.StartAsync();
        // As other registries write it.
        byte[] manifest = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bench.Manifest).Replace(
            "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json", StringComparison.Ordinal));
        bench.Registry.AddManifest(manifest);
        using HttpResponseMessage response = await bench.Server.PostAsync("/api/pull", $$"""{"model":"{{bench.Name}}","insecure":true,"stream":false}""");
        Assert.Equal((HttpStatusCode.OK, """{"status":"success"}"""), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(manifest, bench.Target.Open().Find(bench.Registry.Name)!.Bytes.ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatANewVersionNoLongerUsesGoes(bool prune)
    {
        await using PullBench bench = await PullBench.StartAsync(options => options with { Prune = prune });
        await bench.PullAsync();
        string[] before = bench.Target.BlobNames();
        bench.Publish(source => source.WholeModel(vector: "qwen2-q8_0.gguf"));
        string[] statuses = Statuses(await bench.PullAsync());
        Assert.Equal(prune, statuses.Contains("removing unused layers"));
        string replaced = Assert.Single(before.Except(ModelManifest.Parse(bench.Manifest).Blobs.Select(blob => blob.FileName)));
        Assert.Equal(!prune, bench.Target.BlobNames().Contains(replaced));
    }

    [Fact]
    public async Task WhatIsNotThereIsSaidInTheLinesThatClientsKnow()
    {
        await using PullBench bench = await PullBench.StartAsync();
        string name = $"{bench.Registry.Authority}/me/nope";
        (HttpStatusCode status, string text) = await bench.Server.AskAsync("/api/pull", $$"""{"model":"{{name}}","insecure":true}""");
        JsonElement[] lines = PullBench.Lines(text);
        Assert.Equal((HttpStatusCode.OK, "pulling manifest", 2), (status, Text(lines[0], "status"), lines.Length));
        string expected = $"pull model manifest: file does not exist ({bench.Registry.Authority} has no '{name}:latest', check the name and the tag)";
        Assert.Equal(expected, Text(lines[1], "error"));
        Assert.Equal((404, expected), await bench.Server.AskErrorAsync("/api/pull", $$"""{"model":"{{name}}","insecure":true,"stream":false}"""));
        Assert.Equal((400, "invalid model name"), await bench.Server.AskErrorAsync("/api/pull", """{"model":"a b"}"""));
        Assert.Equal((400, "invalid model name"), await bench.Server.AskErrorAsync("/api/pull", "{}"));
        (int code, string error) = await bench.Server.AskErrorAsync("/api/pull", $$"""{"model":"http://{{bench.Name}}"}""");
        Assert.Equal(400, code);
        Assert.StartsWith("insecure protocol http", error, StringComparison.Ordinal);
        Assert.Equal(400, (await bench.Server.AskErrorAsync("/api/pull", """{"model":"tiny","limit_rate":-1}""")).Status);
        (code, error) = await bench.Server.AskErrorAsync("/api/pull", """{"model":"127.0.0.1:1/me/tiny","insecure":true,"stream":false}""");
        Assert.Equal(502, code);
        Assert.StartsWith("pull model manifest: 127.0.0.1:1 cannot be reached: ", error, StringComparison.Ordinal);
        Assert.Empty(bench.Target.BlobNames());
    }

    [Fact]
    public async Task WrongBytesLeaveNoModelAndNoBlob()
    {
        await using PullBench bench = await PullBench.StartAsync();
        string gguf = ModelManifest.Parse(bench.Manifest).Layers[0].Digest;
        bench.Registry.Fault = async (context, bytes) =>
        {
            bytes[0] ^= context.Request.Path.Value!.EndsWith(gguf, StringComparison.Ordinal) ? (byte)1 : (byte)0;
            await bench.Registry.SendBytesAsync(context, bytes);
            return true;
        };
        Assert.StartsWith("digest mismatch, file must be downloaded again", await bench.PullErrorAsync(), StringComparison.Ordinal);
        Assert.Equal("""{"models":[]}""", await bench.Server.Client.GetStringAsync("/api/tags"));
        Assert.DoesNotContain(bench.Target.BlobNames(), name => name.Contains(gguf[7..], StringComparison.Ordinal));
        bench.Registry.Fault = null;
        Assert.Equal("success", Text((await bench.PullAsync())[^1], "status"));
    }

    [Fact]
    public async Task TokensAndRedirectsToAnotherHostAreFollowedWithoutTheToken()
    {
        await using PullBench bench = await PullBench.StartAsync();
        await using FakeRegistry storage = await FakeRegistry.StartAsync();
        foreach (BlobDigest blob in ModelManifest.Parse(bench.Manifest).Blobs)
        {
            storage.Add(bench.Registry.File($"me/tiny/blobs/{blob}")!);
        }
        (bench.Registry.Token, bench.Registry.BlobsAt) = ("secret", storage);
        Assert.Equal("success", Text((await bench.PullAsync())[^1], "status"));
        Assert.Single(bench.Registry.Paths("GET"), path => path.StartsWith("/token", StringComparison.Ordinal));
        Assert.NotEmpty(storage.Requests);
        Assert.All(storage.Requests, request => Assert.Equal("", request.Authorization));
    }

    [Fact]
    public async Task ABlobThatTheRegistryLacksAndARegistryWithoutEncryptionAreSaid()
    {
        await using PullBench bench = await PullBench.StartAsync();
        string digest = $"sha256:{new string('7', 64)}";
        bench.Registry.AddManifest(Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"{{{digest}}}","size":2},"layers":[]}
            """));
        Assert.Equal($"{bench.Registry.Authority} has the manifest of '{bench.Name}' but not its blob {digest}: file does not exist", await bench.PullErrorAsync());
        (int status, string error) = await bench.Server.AskErrorAsync("/api/pull", $$"""{"model":"{{bench.Name}}","stream":false}""");
        Assert.Equal(502, status);
        Assert.EndsWith("If it speaks plain HTTP, use --insecure (\"insecure\": true).", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", "is no model but a list of images")]
    [InlineData("""{"schemaVersion":2}""", "gave a manifest of ")]
    [InlineData("<html>", "gave a manifest of ")]
    [InlineData("application/vnd.docker.image.rootfs.diff.tar.gzip", "it has a layer of type 'application/vnd.docker.image.rootfs.diff.tar.gzip'")]
    [InlineData("application/vnd.ollama.image.tensor", "is stored as safetensors")]
    [InlineData("application/vnd.ollama.image.model", "is split into 2 files")]
    public async Task WhatIsNoModelIsRefusedBeforeItIsFetched(string what, string reason)
    {
        await using PullBench bench = await PullBench.StartAsync();
        string layer = $$"""{"mediaType":"{{what}}","digest":"sha256:{{new string('1', 64)}}","size":10}""";
        bench.Registry.AddManifest(Encoding.UTF8.GetBytes(what[0] != 'a' ? what : $$"""
            {"schemaVersion":2,"config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:{{new string('2', 64)}}","size":2},"layers":[{{layer}},{{layer}}]}
            """));
        Assert.Contains(reason, await bench.PullErrorAsync(), StringComparison.Ordinal);
        Assert.Single(bench.Registry.Requests);
    }

    [Fact]
    public async Task AReadOnlyStoreAndAFullDiskAreSaidFirst()
    {
        await using (PullBench bench = await PullBench.StartAsync(options => options with { StoreReadOnly = true }))
        {
            (int status, string error) = await bench.Server.AskErrorAsync("/api/pull", $$"""{"model":"{{bench.Name}}","insecure":true}""");
            Assert.Equal(403, status);
            Assert.Contains("LOCALLLM_STORE_READONLY", error, StringComparison.Ordinal);
        }
        await using PullBench full = await PullBench.StartAsync(registry: options => options with { FreeBytes = _ => 5000 });
        Assert.Matches("^the disk of '.*' has 5 KB left, and '.*' needs .* [KM]B more: make room", await full.PullErrorAsync());
        Assert.Empty(full.Target.BlobNames());
    }

    [Fact]
    public async Task OneClientThatLeavesTakesNothingFromAnother()
    {
        await using PullBench bench = await PullBench.StartAsync();
        TaskCompletionSource go = new(), asked = new();
        bench.Registry.Fault = async (_, bytes) =>
        {
            if (bytes.Length > 10_000)
            {
                asked.TrySetResult();
                await go.Task;
            }
            return false;
        };
        using CancellationTokenSource leaves = new();
        Task first = bench.Server.Client.PostAsync("/api/pull", Body(), leaves.Token);
        await asked.Task;
        Task<JsonElement[]> second = bench.PullAsync();
        while (bench.Registry.Paths("GET").Count(path => path.Contains("/manifests/", StringComparison.Ordinal)) < 2)
        {
            await Task.Delay(5);
        }
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.SetResult();
        Assert.Equal("success", Text((await second)[^1], "status"));
        // Wherever the second joined, nothing came twice but what one connection takes over from another.
        Assert.InRange(bench.Registry.BytesSent, 0, ModelManifest.Parse(bench.Manifest).Size + (3 * (64 << 10)));

        StringContent Body() => new($$"""{"model":"{{bench.Name}}","insecure":true}""");
    }

    [Fact]
    public async Task AServerThatEndsSaysSoAndGoesOnNextTime()
    {
        await using PullBench bench = await PullBench.StartAsync();
        TaskCompletionSource asked = new();
        bench.Registry.Fault = async (context, bytes) =>
        {
            if (bytes.Length > 10_000)
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return true;
            }
            return false;
        };
        Task<string> pull = bench.PullErrorAsync();
        await asked.Task;
        await bench.Server.StopAsync();
        Assert.Equal("the server is shutting down", await pull);
        Assert.Contains(bench.Target.BlobNames(), name => name.EndsWith("-partial-journal", StringComparison.Ordinal));
    }

    [Fact]
    public async Task BlobsThatAnotherProcessDeletesAreFetchedAgain()
    {
        await using PullBench bench = await PullBench.StartAsync();
        using RegistryClient client = new(new RegistryOptions());
        ModelStore store = bench.Target.Open();
        int writes = 0;
        await new ModelPull(client, store).RunAsync(new PullRequest(bench.Registry.Name) { Insecure = true }, told =>
        {
            if (told.Status == "writing manifest" && writes++ == 0)
            {
                Directory.Delete(bench.Target.Blobs, recursive: true);
            }
            return Task.CompletedTask;
        }, default);
        Assert.NotNull(store.Find(bench.Registry.Name));
        Assert.DoesNotContain(StoreVerification.Run(store, default), verdict => verdict.State != BlobState.Right);
    }

    [Theory]
    [InlineData(400, "400: The specified repository contains sharded GGUF.", "split into several files")]
    [InlineData(400, "400: The specified tag is not available", "hf.co/ORG/REPO:Q4_K_M")]
    [InlineData(401, "refuses access", "private or gated")]
    [InlineData(500, "500: oops", null)]
    public void WhatHuggingFaceMeansIsExplained(int status, string message, string? advice)
    {
        string? given = HuggingFace.AdviceFor(new RegistryException(message) { Status = status });
        Assert.True(advice is null ? given is null : given!.Contains(advice, StringComparison.Ordinal), given);
        Assert.True(HuggingFace.Has(StoreFixture.Name("HF.co/a/b")) && HuggingFace.Has(StoreFixture.Name("huggingface.co/a/b:q8_0")) && !HuggingFace.Has(StoreFixture.Name("a/b")));
    }

    [Theory]
    [InlineData("""{"error":"a\nb"}""", "a b")]
    [InlineData("""{"errors":[{"code":"X","message":"one"},{"message":"two"},3]}""", "one; two")]
    [InlineData("""{"errors":[]}""", """{"errors":[]}""")]
    [InlineData("[1]", "[1]")]
    [InlineData("  plain\r\n text ", "plain text")]
    public async Task TheRegistrysOwnSentenceIsShown(string body, string expected)
    {
        Assert.Equal(expected, RegistryErrorText.Of(body));
        await using PullBench bench = await PullBench.StartAsync();
        bench.Registry.Fault = async (context, _) =>
        {
            (context.Response.StatusCode, context.Response.ContentLength) = (400, null);
            await context.Response.WriteAsync(body);
            return true;
        };
        Assert.Equal($"pull model manifest: 400: {expected}", await bench.PullErrorAsync());
    }

    private static string[] Statuses(IEnumerable<JsonElement> lines)
    {
        List<string> statuses = [];
        foreach (string status in lines.Select(line => Text(line, "status")))
        {
            if (statuses.LastOrDefault() != status)
            {
                statuses.Add(status);
            }
        }
        return [.. statuses];
    }

    private static string Text(JsonElement fields, string name) => fields.GetProperty(name).GetString()!;
}
