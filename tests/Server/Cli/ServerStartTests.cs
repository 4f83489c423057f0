using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LocalLlm.Server.Cli;
using LocalLlm.Server.Tests.Runners;

namespace LocalLlm.Server.Tests.Cli;

/// <summary>Servers that commands start: of the built program, on a free port, with state and models of their own.</summary>
public sealed class ServerStartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("start").FullName;
    private readonly int _port = FreePort();

    private string Log => Path.Combine(_folder, "localllm", $"server-{_port}.log");

    [Fact]
    public async Task TwoCommandsThatStartAtOnceGetOneServerWhichOutlivesThem()
    {
        Task<ServerClient>[] both = [.. Enumerable.Range(0, 2).Select(_ => ServerClient.ConnectOrStartAsync(Cli().Host(), CancellationToken.None))];
        using ServerClient first = await both[0], second = await both[1];
        Assert.True(await first.IsRunningAsync(CancellationToken.None));
        Assert.Matches(@"^Started at \S+ as process \d+ by a command that needed a server", Assert.Single(Starts()));
        Assert.Contains("The server ends once nobody has used it for 10m0s and no model is in memory", await ReadLogAsync(), StringComparison.Ordinal);

        // A model of the store has no other place to run than a server: one is started again.
        (int status, _) = await first.AskAsync(HttpMethod.Post, "api/copy", """{"source":"smollm2","destination":"mine"}""", CancellationToken.None);
        Assert.Equal(200, status);
        Stop();
        while (await first.IsRunningAsync(CancellationToken.None))
        {
            await Task.Delay(10);
        }
        CliUnderTest cli = Cli();
        Assert.Equal(0, await cli.RunAsync("run", "mine", "What is the capital of France?", "--temperature", "0", "--num-predict", "16", "--ctx", "64"));
        Assert.Contains("Paris", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal("", cli.Error.ToString());
        Assert.Equal(2, Starts().Length);
        Assert.Contains("mine:latest", await OutputAsync("list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItCanBeForbidden()
    {
        CliUnderTest cli = Cli();
        cli.Variables["LOCALLLM_NO_AUTOSTART"] = "1";
        Assert.StartsWith("could not connect to ollama server, run 'ollama serve' to start it", await cli.FailAsync("run", "mine", "hi"), StringComparison.Ordinal);
        Assert.False(File.Exists(Log));
    }

    [Theory]
    [InlineData("list")]
    [InlineData("ps")]
    [InlineData("show", "m")]
    [InlineData("stop", "m")]
    [InlineData("cp", "m", "n")]
    [InlineData("rm", "m")]
    public async Task CommandsThatOnlyLookDoNotStartOne(params string[] args)
    {
        Assert.StartsWith("could not connect to ollama server, run 'ollama serve' to start it", await Cli().FailAsync(args), StringComparison.Ordinal);
        Assert.False(File.Exists(Log));
    }

    [Fact]
    public async Task AServerThatCannotStartIsTold()
    {
        // The port is taken by something that does not speak HTTP.
        using TcpListener taken = new(IPAddress.Loopback, _port);
        taken.Start();
        Task hangUp = Task.Run(async () =>
        {
            while (true)
            {
                using TcpClient client = await taken.AcceptTcpClientAsync();
                client.Client.Close(0);
            }
        });
        string sentence = await Cli().FailAsync("run", "mine", "hi");
        Assert.StartsWith($"a server could not be started at http://127.0.0.1:{_port}: ", sentence, StringComparison.Ordinal);
        Assert.Contains("address already in use", sentence, StringComparison.Ordinal);
        taken.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => hangUp);
    }

    public void Dispose()
    {
        Stop();
        Directory.Delete(_folder, recursive: true);
    }

    private CliUnderTest Cli() => new()
    {
        Runner = RealRunner.Program,
        Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{_port}", ["OLLAMA_MODELS"] = Path.Combine(_folder, "models"), ["XDG_STATE_HOME"] = _folder },
    };

    private async Task<string> OutputAsync(params string[] args)
    {
        CliUnderTest cli = Cli();
        Assert.Equal((0, ""), (await cli.RunAsync(args), cli.Error.ToString()));
        return cli.Out.ToString();
    }

    private string[] Starts() => [.. ReadLogAsync().Result.Split('\n').Where(line => line.StartsWith("Started at", StringComparison.Ordinal))];

    private async Task<string> ReadLogAsync()
    {
        using FileStream file = new(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return await new StreamReader(file).ReadToEndAsync();
    }

    /// <summary>Ends the servers that the log tells of.</summary>
    private void Stop()
    {
        if (!File.Exists(Log))
        {
            return;
        }
        foreach (string line in Starts())
        {
            try
            {
                using Process server = Process.GetProcessById(int.Parse(Regex.Match(line, @"process (\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
                server.Kill(entireProcessTree: true);
                server.WaitForExit();
            }
            catch (ArgumentException)
            {
                // It has ended.
            }
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
