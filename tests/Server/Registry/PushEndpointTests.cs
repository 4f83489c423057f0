using System.Net;
using System.Text.Json;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Tests.Registry;

/// <summary><c>POST /api/push</c> to a registry of the test's own.</summary>
public sealed class PushEndpointTests
{
    [Fact]
    public async Task AModelIsPushedLayerByLayer()
    {
        await using PullBench bench = await PullBench.StartAsync();
        bench.Target.WholeModel($"{bench.Registry.Authority}/me/other/V1"); // spelled as it was made
        bench.Registry.Uploads.Fault = async (_, _) =>
        {
            await Task.Delay(5);
            return false;
        };
        using HttpResponseMessage response = await bench.Server.PostAsync("/api/push", $$"""{"name":"{{bench.Registry.Authority}}/me/other:v1","insecure":true,"limit_rate":100000000}""");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.ToString());
        JsonElement[] lines = PullBench.Lines(await response.Content.ReadAsStringAsync());
        ModelManifest manifest = ModelManifest.Parse(File.ReadAllBytes(bench.Target.ManifestPath($"{bench.Registry.Authority}/me/other/V1")));
        Assert.Equal(
            ["retrieving manifest", .. manifest.Blobs.Select(blob => $"pushing {blob.Short}"), "pushing manifest", "success"],
            lines.Select(line => line.GetProperty("status").GetString()!).Distinct());
        foreach (ManifestLayer layer in manifest.Layers)
        {
            JsonElement[] own = [.. lines.Where(line => line.TryGetProperty("digest", out JsonElement digest) && digest.GetString() == layer.Digest)];
            Assert.All(own, line => Assert.Equal(layer.Size, line.GetProperty("total").GetInt64()));
            Assert.Equal(layer.Size, own[^1].GetProperty("completed").GetInt64());
        }
        Assert.NotNull(bench.Registry.File("me/other/manifests/V1"));
    }

    [Fact]
    public async Task WithoutAStreamTheLastObjectIsTheAnswer()
    {
        await using PullBench bench = await PullBench.StartAsync();
        bench.Target.WholeModel($"{bench.Registry.Authority}/me/tiny/v1");
        using HttpResponseMessage response = await bench.Server.PostAsync("/api/push", $$"""{"model":"{{bench.Name}}","insecure":true,"stream":false}""");
        Assert.Equal((HttpStatusCode.OK, """{"status":"success"}"""), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task WhatCannotBeSentIsRefusedBeforeAnythingIs()
    {
        await using PullBench bench = await PullBench.StartAsync(options => options with { ExtraModels = new Dictionary<string, string> { ["extra"] = LocalLlm.Tests.RepoPaths.Vector("models", "qwen3-q8_0.gguf") } });
        bench.Target.WholeModel("registry.ollama.ai/me/mine/latest");
        Assert.Equal((404, "model 'host/me/gone:latest' not found"), await bench.Server.AskErrorAsync("/api/push", """{"model":"host/me/gone"}"""));
        Assert.Equal((400, "invalid model name"), await bench.Server.AskErrorAsync("/api/push", """{"model":"a b"}"""));
        (int status, string error) = await bench.Server.AskErrorAsync("/api/push", """{"model":"me/mine"}""");
        Assert.Equal(400, status);
        Assert.Contains("registry.ollama.ai takes models only with a signature", error, StringComparison.Ordinal);
        (status, error) = await bench.Server.AskErrorAsync("/api/push", """{"model":"extra"}""");
        Assert.Equal(400, status);
        Assert.Contains("localllm cp extra:latest HOST/NAMESPACE/MODEL", error, StringComparison.Ordinal);
        (status, error) = await bench.Server.AskErrorAsync("/api/push", """{"model":"http://host/me/tiny"}""");
        Assert.Equal(400, status);
        Assert.StartsWith("insecure protocol http", error, StringComparison.Ordinal);
        Assert.Empty(bench.Registry.Requests);
    }

    [Fact]
    public async Task WhatTheRegistrySaysIsTheLastLine()
    {
        await using PullBench bench = await PullBench.StartAsync();
        bench.Target.WholeModel($"{bench.Registry.Authority}/me/other/v1");
        bench.Registry.Uploads.Fault = async (context, _) =>
        {
            context.Response.StatusCode = 500;
            await context.Response.Body.WriteAsync("""{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"write /data: no space left on device"}]}"""u8.ToArray());
            return true;
        };
        (_, string text) = await bench.Server.AskAsync("/api/push", $$"""{"model":"{{bench.Registry.Authority}}/me/other:v1","insecure":true}""");
        Assert.Equal(
            $"the disk of the registry {bench.Registry.Authority} is full (500: unknown error: write /data: no space left on device): make room there and try again",
            PullBench.Lines(text)[^1].GetProperty("error").GetString());
        Assert.Null(bench.Registry.File("me/other/manifests/v1"));
    }

    [Fact]
    public async Task AClientThatLeavesEndsThePush()
    {
        await using PullBench bench = await PullBench.StartAsync();
        bench.Target.WholeModel($"{bench.Registry.Authority}/me/other/v1");
        TaskCompletionSource stuck = new(), left = new();
        bench.Registry.Uploads.Fault = async (context, _) =>
        {
            stuck.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            left.TrySetResult();
            return true;
        };
        using CancellationTokenSource leave = new();
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/push") { Content = new StringContent($$"""{"model":"{{bench.Registry.Authority}}/me/other:v1","insecure":true}""") };
        using HttpResponseMessage response = await bench.Server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);
        await stuck.Task;
        response.Dispose();
        await left.Task;
        Assert.Null(bench.Registry.File("me/other/manifests/v1"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALoginIsShownWhereItIsAskedFor(bool forTokens)
    {
        await using PullBench bench = await PullBench.StartAsync();
        bench.Target.WholeModel($"{bench.Registry.Authority}/me/tiny/v1");
        (bench.Registry.Login, bench.Registry.Token) = (new RegistryLogin("me", "se cret").Header.ToString(), forTokens ? "token" : null);
        Assert.Contains(forTokens ? "gives no token for" : "asks for a login", await PushErrorAsync(""), StringComparison.Ordinal);
        Assert.Contains("the login of 'me'", await PushErrorAsync(""","username":"me","password":"wrong" """), StringComparison.Ordinal);
        (HttpStatusCode status, string text) = await bench.Server.AskAsync("/api/push", $$"""{"model":"{{bench.Name}}","insecure":true,"username":"me","password":"se cret"}""");
        Assert.Equal((HttpStatusCode.OK, """{"status":"success"}"""), (status, text.TrimEnd('\n').Split('\n')[^1]));

        async Task<string> PushErrorAsync(string fields)
        {
            (_, string text) = await bench.Server.AskAsync("/api/push", $$"""{"model":"{{bench.Name}}","insecure":true{{fields}}}""");
            return PullBench.Lines(text)[^1].GetProperty("error").GetString()!;
        }
    }
}
