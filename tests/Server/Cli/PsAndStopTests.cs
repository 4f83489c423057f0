using System.Text.Json;
using LocalLlm.Server.Cli;

namespace LocalLlm.Server.Tests.Cli;

/// <summary>The commands that ask a running server.</summary>
public sealed class PsAndStopTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task PsListsWhatIsLoadedAndStopUnloadsIt()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        Assert.Equal("NAME    ID    SIZE    PROCESSOR    CONTEXT    UNTIL\n", await RunAsync(server, "ps"));
        await server.AskJsonAsync("/api/generate", """{"model":"talker","keep_alive":-1}""");
        string[] lines = (await RunAsync(server, "ps")).Split('\n');
        Assert.Matches("^NAME +ID +SIZE +PROCESSOR +CONTEXT +UNTIL$", lines[0]);
        Assert.Matches("^talker:latest    [0-9a-f]{12}    12 KB    100% CPU     4096       Forever$", lines[1]);
        Assert.Equal(2, (await RunAsync(server, "ps", "no")).Split('\n').Length); // none of that name: the header and an end
        Assert.Equal("", await RunAsync(server, "stop", "talker"));
        Assert.Single((await RunAsync(server, "ps")).TrimEnd().Split('\n'));
        Assert.Equal("", await RunAsync(server, "stop", "talker")); // it was not loaded: no error
    }

    [Fact]
    public async Task UnknownModelAndServersThatDoNotAnswerAreToldInOneSentence()
    {
        string nowhere;
        await using (ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine()))
        {
            nowhere = $"127.0.0.1:{server.Port}";
            Assert.Equal("couldn't find model \"nope\" to stop", await At(nowhere).FailAsync("stop", "nope"));
            Assert.Equal("invalid model name", await At(nowhere).FailAsync("stop", "a b"));
            Assert.Equal("the server answered with status 404", await At($"http://{nowhere}/elsewhere").FailAsync("ps"));
        }
        Assert.Equal("OLLAMA_HOST gives ftp://a:11434, which is no address of a server: write [http://]host[:port]", await At("ftp://a").FailAsync("ps"));
        Assert.Equal(
            $"could not connect to ollama server, run 'ollama serve' to start it ('localllm serve' is the same; OLLAMA_HOST gives http://{nowhere})",
            await At(nowhere).FailAsync("ps"));
    }

    [Theory]
    [InlineData(100, 0, "2026-01-01T12:04:30Z", "100% CPU     4096       4 minutes from now")]
    [InlineData(100, 100, "2318-01-01T00:00:00Z", "100% GPU     4096       Forever")]
    [InlineData(1000, 520, "2026-01-01T14:00:00+01:00", "48%/52% CPU/GPU    4096       About an hour from now")]
    [InlineData(100, 101, "2026-01-01T11:59:59Z", "Unknown      4096       Stopping...")]
    public void PsShowsWhereAModelComputesAndUntilWhen(long size, long onGpu, string expires, string expected)
    {
        StringWriter writer = new() { NewLine = "\n" };
        string answer = $$"""
            {"models":[{"name":"m:latest","size":{{size}},"size_vram":{{onGpu}},"digest":"sha256:0123456789abcdef","expires_at":"{{expires}}","context_length":4096}]}
            """;
        PsCommand.Write(writer, JsonDocument.Parse(answer).RootElement, "", s_now);
        string line = writer.ToString().Split('\n')[1];
        Assert.StartsWith("m:latest    0123456789ab    ", line, StringComparison.Ordinal);
        Assert.EndsWith(expected, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1 KB")]
    [InlineData(1_590, "1.5 KB")]
    [InlineData(12_999_999, "12 MB")]
    [InlineData(4_700_000_000, "4.7 GB")]
    [InlineData(2_000_000_000_000, "2 TB")]
    [InlineData(3_000_000_000_000_000, "3000 TB")]
    public void Bytes(long bytes, string expected) => Assert.Equal(expected, HumanBytes.Of(bytes));

    [Theory]
    [InlineData(0.5, "Less than a second from now")]
    [InlineData(1.5, "1 second from now")]
    [InlineData(59, "59 seconds from now")]
    [InlineData(90, "About a minute from now")]
    [InlineData(3599, "59 minutes from now")]
    [InlineData(7000, "About an hour from now")]
    [InlineData(172799, "47 hours from now")]
    [InlineData(86400 * 13, "13 days from now")]
    [InlineData(86400 * 59, "8 weeks from now")]
    [InlineData(86400 * 700, "23 months from now")]
    [InlineData(86400 * 800, "2 years from now")]
    [InlineData(86400 * 365 * 21, "Forever")]
    [InlineData(-300, "5 minutes ago")]
    public void Times(double seconds, string expected) => Assert.Equal(expected, HumanTime.Of(s_now.AddSeconds(seconds), s_now));

    private static CliUnderTest At(string host) => new() { Variables = { ["OLLAMA_HOST"] = host } };

    private static async Task<string> RunAsync(ServerUnderTest server, params string[] args)
    {
        CliUnderTest cli = At($"127.0.0.1:{server.Port}");
        Assert.Equal((0, ""), (await cli.RunAsync(args), cli.Error.ToString()));
        return cli.Out.ToString();
    }
}
