using LocalLlm.Server.Cli;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Registry;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>localllm push</c> as it is typed, with a server and a registry of the test's own.</summary>
public sealed class PushCommandTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EachLayerHasOneLineThatLasts(bool terminal)
    {
        await using PullBench bench = await PullBench.StartAsync();
        byte[] bytes = File.ReadAllBytes(bench.Target.WholeModel($"{bench.Registry.Authority}/me/other/v1"));
        CliUnderTest cli = At(bench, terminal);
        Assert.Equal(0, await cli.RunAsync("push", $"{bench.Registry.Authority}/me/other:v1", "--insecure", "--limit-rate", "100M"));
        Assert.Equal("", cli.Out.ToString());
        Assert.Equal(bytes, bench.Registry.File("me/other/manifests/v1"));
        IEnumerable<ManifestLayer> blobs = ModelManifest.Parse(bytes) is { } manifest ? manifest.Layers.Append(manifest.Config) : [];
        // What a terminal shows: of each line, what was written last.
        string[] lines = [.. cli.Error.ToString().TrimEnd('\n').Split('\n').Select(line => line.Split('\r')[^1].Replace("\e[K", "", StringComparison.Ordinal))];
        Assert.Equal(["retrieving manifest", "pushing manifest", "success"], [lines[0], .. lines[^2..]]);
        Assert.Equal(blobs.Select(blob => blob.Blob.Short), lines[1..^2].Select(line => line["pushing ".Length..line.IndexOf(':')]));
        Assert.All(blobs.Zip(lines[1..^2]), pair =>
        {
            Assert.Contains(": 100% ", pair.Second, StringComparison.Ordinal);
            Assert.EndsWith($" {HumanBytes.Of(pair.First.Size)}", pair.Second, StringComparison.Ordinal);
        });
        Assert.Equal(terminal, cli.Error.ToString().Contains('\e'));
    }

    [Fact]
    public async Task WhatGoesWrongIsOneSentence()
    {
        await using PullBench bench = await PullBench.StartAsync();
        Assert.Equal("404 Not Found: model 'me/nope:latest' not found", await At(bench).FailAsync("push", "me/nope"));
        Assert.Equal("--limit-rate must be a number of bytes a second such as 500K or 2M, not 'fast'.", await At(bench).FailAsync("push", "a", "--limit-rate", "fast"));
        CliUnderTest nobody = new();
        nobody.Variables["OLLAMA_HOST"] = "127.0.0.1:1";
        Assert.StartsWith("could not connect to ollama server, run 'ollama serve' to start it", await nobody.FailAsync("push", "a"), StringComparison.Ordinal);
    }

    private static CliUnderTest At(PullBench bench, bool terminal = false)
    {
        CliUnderTest cli = new() { AtTerminal = terminal };
        cli.Variables["OLLAMA_HOST"] = $"127.0.0.1:{bench.Server.Port}";
        return cli;
    }
}
