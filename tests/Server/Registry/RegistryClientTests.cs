using System.Net;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>The client against a registry that asks for tokens, redirects and refuses.</summary>
public sealed class RegistryClientTests
{
    private static readonly byte[] s_blob = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];

    [Fact]
    public async Task ManifestsComeByteForByteAndBothTypesAreAskedFor()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync();
        registry.AddManifest("{ \"odd\" :  1 }"u8.ToArray());
        using RegistryClient client = new(new RegistryOptions());
        Assert.Equal("{ \"odd\" :  1 }"u8.ToArray(), await client.GetManifestAsync(new RegistryRepository(registry.Name, insecure: true), default));
        Assert.Equal(
            "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json",
            Assert.Single(registry.Requests).Accept);
    }

    [Fact]
    public async Task WhatIsNotThereIsNotFound()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync();
        using RegistryClient client = new(new RegistryOptions());
        RegistryException exception = await Assert.ThrowsAsync<RegistryException>(() => client.GetManifestAsync(new RegistryRepository(registry.Name, insecure: true), default));
        Assert.Equal((true, "file does not exist"), (exception.IsNotFound, exception.Message));
    }

    [Fact]
    public async Task OneTokenServesAllAndIsRenewedWhenItIsRefused()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync();
        registry.AddManifest("{}"u8.ToArray());
        BlobDigest digest = Digest(registry);
        registry.Token = "first";
        using RegistryClient client = new(new RegistryOptions());
        RegistryRepository repository = new(registry.Name, insecure: true);
        await client.GetManifestAsync(repository, default);
        Assert.Equal(s_blob.Length, await client.GetBlobSizeAsync(repository, digest, default));
        Assert.Equal(["/token?service=fake%20registry&scope=repository%3Ame%2Ftiny%3Apull"], registry.Paths("GET").Where(path => path.StartsWith("/token", StringComparison.Ordinal)));
        Assert.Equal(["", "", "Bearer first", "Bearer first"], registry.Requests.Select(request => request.Authorization));

        registry.Token = "second";
        await client.GetManifestAsync(repository, default);
        Assert.Equal(["Bearer first", "", "Bearer second"], registry.Requests.Skip(4).Select(request => request.Authorization));
    }

    [Fact]
    public async Task ATokenGoesToNoOtherHost()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(), storage = await FakeRegistry.StartAsync();
        BlobDigest digest = Digest(storage);
        (registry.Token, registry.BlobsAt) = ("secret", storage);
        RegistryOptions options = new();
        using RegistryClient client = new(options);
        using SilenceGuard guard = new(options.StallTimeout, default);
        using HttpResponseMessage response = await client.OpenBlobAsync(new RegistryRepository(registry.Name, insecure: true), digest, 10, 20, guard);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(s_blob[10..20], await response.Content.ReadAsByteArrayAsync());
        Assert.Contains(registry.Requests, request => request.Authorization == "Bearer secret");
        Assert.Equal(("bytes=10-19", ""), (Assert.Single(storage.Requests).Range, storage.Requests.Single().Authorization));
    }

    [Fact]
    public async Task ARealmElsewhereIsNotAsked()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(), other = await FakeRegistry.StartAsync();
        (registry.Token, registry.Realm) = ("secret", $"http://{other.Authority}/token");
        using RegistryClient client = new(new RegistryOptions());
        RegistryException exception = await Assert.ThrowsAsync<RegistryException>(() => client.GetManifestAsync(new RegistryRepository(registry.Name, insecure: true), default));
        Assert.Equal($"realm host \"http://{other.Authority}\" does not match original host \"http://{registry.Authority}\"", exception.Message);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task ErrorsAreOneLineAndThoseThatPassAreToldApart()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync();
        registry.Unavailable = 1;
        using RegistryClient client = new(new RegistryOptions());
        RegistryException exception = await Assert.ThrowsAsync<TransientRegistryException>(() => client.GetManifestAsync(new RegistryRepository(registry.Name, insecure: true), default));
        Assert.Equal("503: come back later", exception.Message);
        await registry.DisposeAsync();
        RegistryRepository gone = new(Store.StoreFixture.Name("127.0.0.1:1/me/tiny"), insecure: true);
        exception = await Assert.ThrowsAsync<TransientRegistryException>(() => client.GetManifestAsync(gone, default));
        Assert.StartsWith("127.0.0.1:1 cannot be reached: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SilenceIsNotBorneForEver()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync();
        BlobDigest digest = Digest(registry);
        registry.Fault = async (context, _) =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        RegistryOptions options = new() { StallTimeout = TimeSpan.FromSeconds(1) };
        using RegistryClient client = new(options);
        using SilenceGuard guard = new(options.StallTimeout, default);
        RegistryException exception = await Assert.ThrowsAsync<TransientRegistryException>(
            () => client.OpenBlobAsync(new RegistryRepository(registry.Name, insecure: true), digest, 0, 10, guard));
        Assert.Equal("the connection was silent for 1 s", exception.Message);
    }

    [Theory]
    [InlineData("tiny", false, "https://registry.ollama.ai/v2/library/tiny/manifests/latest")]
    [InlineData("hf.co/me/Some-GGUF:Q4_K_M", false, "https://hf.co/v2/me/Some-GGUF/manifests/Q4_K_M")]
    [InlineData("localhost:5000/me/tiny", true, "http://localhost:5000/v2/me/tiny/manifests/latest")]
    public void EveryHostIsARegistry(string name, bool insecure, string expected) =>
        Assert.Equal(expected, new RegistryRepository(Store.StoreFixture.Name(name), insecure).Manifest.AbsoluteUri);

    private static BlobDigest Digest(FakeRegistry registry) => BlobDigest.TryParse(registry.Add(s_blob), out BlobDigest digest) ? digest : throw new InvalidOperationException();
}
