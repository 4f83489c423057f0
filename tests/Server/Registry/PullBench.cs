using System.Text.Json;
using LocalLlm.Server.Http;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>A server over an empty store, and a registry that holds a model of every kind of layer.</summary>
internal sealed class PullBench : IAsyncDisposable
{
    private static readonly RegistryOptions s_options = new()
    {
        Streams = 3,
        PartBytes = 64 << 10,
        StealBytes = 8 << 10,
        CheckpointBytes = 32 << 10,
        Retries = 2,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        ProgressPause = TimeSpan.FromMilliseconds(1),
    };

    private PullBench(FakeRegistry registry, StoreFixture target, ServerUnderTest server)
    {
        (Registry, Target, Server) = (registry, target, server);
        Manifest = Publish(source => source.WholeModel("registry.ollama.ai/library/tiny/latest"));
    }

    public FakeRegistry Registry { get; }

    /// <summary>The server's store.</summary>
    public StoreFixture Target { get; }

    public ServerUnderTest Server { get; }

    /// <summary>What the registry has.</summary>
    public byte[] Manifest { get; private set; }

    public string Name => Registry.Name.FullName;

    public static async Task<PullBench> StartAsync(Func<ServerOptions, ServerOptions>? configure = null, Func<RegistryOptions, RegistryOptions>? registry = null)
    {
        StoreFixture target = new();
        ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options =>
        {
            options = options with { StoreFolder = target.Root, Models = [], Registry = registry?.Invoke(s_options) ?? s_options };
            return configure?.Invoke(options) ?? options;
        });
        return new PullBench(await FakeRegistry.StartAsync(), target, server);
    }

    /// <summary>Has the registry hold another model under the same name.</summary>
    /// <param name="write">Writes it into a store and gives the path of its manifest.</param>
    public byte[] Publish(Func<StoreFixture, string> write)
    {
        using StoreFixture source = new();
        Manifest = File.ReadAllBytes(write(source));
        Registry.AddManifest(Manifest);
        foreach (string name in source.BlobNames())
        {
            Registry.Add(File.ReadAllBytes(Path.Combine(source.Blobs, name)));
        }
        return Manifest;
    }

    /// <summary>Pulls and gives the lines.</summary>
    public async Task<JsonElement[]> PullAsync(string fields = "")
    {
        (_, string text) = await Server.AskAsync("/api/pull", $$"""{"model":"{{Name}}","insecure":true{{fields}}}""");
        return Lines(text);
    }

    /// <summary>Pulls what is to fail and gives what the last line says.</summary>
    public async Task<string> PullErrorAsync() => (await PullAsync())[^1].GetProperty("error").GetString()!;

    public static JsonElement[] Lines(string text) => [.. text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Registry.DisposeAsync();
        Target.Dispose();
    }
}
