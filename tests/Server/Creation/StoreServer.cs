using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Creation;

/// <summary>A server over an empty store, which also offers <c>talker</c>, and what tests of creation ask of it.</summary>
internal sealed class StoreServer : IAsyncDisposable
{
    private readonly StoreFixture _fixture;

    private StoreServer(StoreFixture fixture, ServerUnderTest http) => (_fixture, Http) = (fixture, http);

    public ServerUnderTest Http { get; }

    public ModelStore Store => _fixture.Open();

    public static async Task<StoreServer> StartAsync(ScriptedEngine? engine = null, bool prune = true)
    {
        StoreFixture fixture = new();
        return new StoreServer(fixture, await ServerUnderTest.StartAsync(
            engine ?? new ScriptedEngine(),
            options => options with { StoreFolder = fixture.Root, Prune = prune, Registry = new RegistryOptions { Retries = 0 }, Models = [options.Models[0] with { Names = ["talker"], Sha256 = null }] }));
    }

    /// <summary>Uploads a file and gives its digest.</summary>
    public async Task<string> UploadAsync(string path)
    {
        byte[] content = await File.ReadAllBytesAsync(path);
        string digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
        using HttpResponseMessage response = await Http.Client.PostAsync($"/api/blobs/{digest}", new ByteArrayContent(content));
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        return digest;
    }

    /// <summary>Uploads files and gives the <c>files</c> of a request.</summary>
    public async Task<string> UploadAllAsync(string folder, params string[] names)
    {
        List<string> fields = [];
        foreach (string name in names)
        {
            fields.Add($"\"{name}\":\"{await UploadAsync(Path.Combine(folder, name))}\"");
        }
        return $"{{{string.Join(',', fields)}}}";
    }

    /// <summary>Creates and gives the statuses.</summary>
    public async Task<string[]> CreateAsync(string json)
    {
        (HttpStatusCode status, string text) = await Http.AskAsync("/api/create", json);
        Assert.True(status == HttpStatusCode.OK, text);
        JsonElement[] lines = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.All(lines, line => Assert.True(line.TryGetProperty("status", out _), line.GetRawText()));
        return [.. lines.Select(line => line.GetProperty("status").GetString()!)];
    }

    /// <summary>The error that a creation ends with, whether as an answer of its own or as the last line.</summary>
    public async Task<(int Status, string Error)> FailAsync(string json)
    {
        (HttpStatusCode status, string text) = await Http.AskAsync("/api/create", json);
        return ((int)status, JsonDocument.Parse(text.TrimEnd('\n').Split('\n')[^1]).RootElement.GetProperty("error").GetString()!);
    }

    public Task<JsonElement> ShowAsync(string model) => Http.AskJsonAsync("/api/show", $$"""{"model":"{{model}}"}""");

    public StoredManifest Manifest(string model) => Store.Find(StoreFixture.Name(model))!;

    public ModelConfig ConfigOf(string model) => ModelConfig.Parse(File.ReadAllBytes(Store.Blobs.PathOf(Manifest(model).Manifest.Config.Blob)));

    public string ModelPath(string model) => Store.Blobs.PathOf(Manifest(model).LayersOf(MediaTypes.Model).Single().Blob);

    /// <summary>The small blobs as text.</summary>
    public IEnumerable<string> Blobs => _fixture.BlobNames().Select(name => new FileInfo(Path.Combine(Store.Blobs.Folder, name))).Where(file => file.Length < 4096)
        .Select(file => File.ReadAllText(file.FullName));

    /// <summary>What a failure may leave: whole blobs, no temporary files and no manifests.</summary>
    public void RequireNothingHalfDone()
    {
        Assert.Empty(Store.List().Models);
        Assert.All(_fixture.BlobNames(), name => Assert.Matches("^sha256-[0-9a-f]{64}$", name));
    }

    public async ValueTask DisposeAsync()
    {
        await Http.DisposeAsync();
        _fixture.Dispose();
    }
}
