using System.Text.Json;
using System.Text.RegularExpressions;
using LocalLlm.Server.Cli;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Registry;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>localllm pull</c> as it is typed, with a server and a registry of the test's own.</summary>
public sealed class PullCommandTests
{
    [Fact]
    public async Task IntoAPipeThereIsALineForEachStepAndNothingElse()
    {
        await using PullBench bench = await PullBench.StartAsync();
        CliUnderTest cli = At(bench);
        Assert.Equal(0, await cli.RunAsync("pull", bench.Name, "--insecure", "--limit-rate", "100M"));
        Assert.Equal("", cli.Out.ToString());
        ModelManifest manifest = ModelManifest.Parse(bench.Manifest);
        IEnumerable<string> layers = manifest.Layers.Append(manifest.Config).Select(layer => $"pulling {layer.Blob.Short}: 100% {HumanBytes.Of(layer.Size)}");
        Assert.Equal(["pulling manifest", .. layers, "verifying sha256 digest", "writing manifest", "success", ""], cli.Error.ToString().Split('\n'));
        Assert.NotNull(bench.Target.Open().Find(bench.Registry.Name));
    }

    [Fact]
    public async Task OnATerminalEachStepKeepsItsLine()
    {
        await using PullBench bench = await PullBench.StartAsync();
        CliUnderTest cli = At(bench, terminal: true);
        Assert.Equal(0, await cli.RunAsync("pull", bench.Name, "--insecure"));
        string text = cli.Error.ToString();
        // What a terminal shows: of each line, what was written last.
        string[] lines = [.. text.TrimEnd('\n').Split('\n').Select(line => line.Split('\r')[^1].Replace("\e[K", "", StringComparison.Ordinal))];
        Assert.Equal("pulling manifest", lines[0]);
        Assert.Equal("success", lines[^1]);
        ModelManifest manifest = ModelManifest.Parse(bench.Manifest);
        Assert.Equal(manifest.Blobs.Count() + 4, lines.Length);
        Assert.Matches($"^pulling {manifest.Layers[0].Blob.Short}: 100% ▕█+▏ 1.4 MB$", lines[1]);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 79));
        Assert.DoesNotMatch(new Regex("\e\\[[^K]"), text);
    }

    [Fact]
    public async Task WhatGoesWrongIsOneSentence()
    {
        await using PullBench bench = await PullBench.StartAsync();
        CliUnderTest cli = At(bench);
        Assert.Equal(1, await cli.RunAsync("pull", $"{bench.Registry.Authority}/me/nope", "--insecure"));
        Assert.Matches("^pulling manifest\nError: pull model manifest: file does not exist \\(.* check the name and the tag\\)\n$", cli.Error.ToString());
        Assert.Equal("400 Bad Request: invalid model name", await At(bench).FailAsync("pull", "a b"));
        Assert.Equal("--limit-rate must be a number of bytes a second such as 500K or 2M, not 'fast'.", await At(bench).FailAsync("pull", "a", "--limit-rate", "fast"));
        CliUnderTest nobody = new();
        nobody.Variables["OLLAMA_HOST"] = "127.0.0.1:1";
        Assert.StartsWith("could not connect to ollama server, run 'ollama serve' to start it", await nobody.FailAsync("pull", "a"), StringComparison.Ordinal);
    }

    [Fact]
    public void LongTransfersAreShownNowAndThenWithoutATerminal()
    {
        Clock clock = new();
        CliUnderTest.SharedWriter error = new();
        CliHost host = new() { In = TextReader.Null, Out = TextWriter.Null, Error = error, Variable = _ => null, ProgramFolder = "", OnInterrupt = _ => throw new InvalidOperationException() };
        using TransferProgress progress = new(host, clock);
        foreach (long completed in new long[] { 0, 100_000_000, 200_000_000, 1_000_000_000, 1_000_000_000 })
        {
            progress.Take(JsonDocument.Parse($$"""{"status":"pulling x","digest":"d","total":1000000000,"completed":{{completed}}}""").RootElement);
            clock.Now += TimeSpan.FromSeconds(10);
        }
        Assert.Equal("pulling x: 20% 200 MB/1 GB\npulling x: 100% 1 GB\n", error.ToString());
        Assert.False(progress.Succeeded);
    }

    [Theory]
    [InlineData(0, 0, 60, "pulling x:   0% ▕               ▏ 0 B/2 GB                  ")]
    [InlineData(240, 35, 72, "pulling x:  12% ▕██                      ▏ 240 MB/2 GB   35 MB/s     50s")]
    [InlineData(1999, 35, 60, "pulling x:  99% ▕███████████ ▏ 1.9 GB/2 GB   35 MB/s      0s")]
    [InlineData(2000, 35, 40, "pulling x: 100% ▕█████████████████▏ 2 GB")]
    [InlineData(240, 35, 30, "pulling x:  12% 240 MB/2 GB   ")]
    public void ALineFillsTheColumns(int megabytes, int rate, int columns, string expected)
    {
        string line = TransferBar.Line("pulling x", megabytes * 1_000_000L, 2_000_000_000, rate * 1_000_000L, columns);
        Assert.Equal(expected, line);
        Assert.True(line.Length <= columns);
    }

    [Theory]
    [InlineData(49, "49s")]
    [InlineData(250, "4m10s")]
    [InlineData(3720, "1h2m")]
    [InlineData(400_000, "99h+")]
    public void TheTimeLeftHasTwoUnits(int seconds, string expected) => Assert.Equal(expected, TransferBar.TimeLeft(1000, 1000 + (seconds * 50L), 50));

    [Fact]
    public void TheRateIsThatOfTheLastTenSecondsWithoutWhatWasThereBefore()
    {
        Clock clock = new();
        TransferRate rate = new(clock);
        rate.Add(5000); // resumed
        Assert.Equal(0, rate.BytesPerSecond);
        for (int second = 1; second <= 30; second++)
        {
            clock.Now += TimeSpan.FromSeconds(1);
            rate.Add(5000 + (second <= 15 ? 100 * second : 1500 + (10 * (second - 15))));
            if (second is 1 or 15)
            {
                Assert.Equal(100, rate.BytesPerSecond);
            }
        }
        Assert.Equal(10, rate.BytesPerSecond);
    }

    private static CliUnderTest At(PullBench bench, bool terminal = false)
    {
        CliUnderTest cli = new() { AtTerminal = terminal };
        cli.Variables["OLLAMA_HOST"] = $"127.0.0.1:{bench.Server.Port}";
        return cli;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
