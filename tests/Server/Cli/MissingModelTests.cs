using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>run</c> of a model that the server does not have, against a scripted server.</summary>
public sealed class MissingModelTests
{
    private const string Tags = """{"models":[{"name":"talker:latest"}]}""";

    [Fact]
    public async Task ItIsPulledAndThenAsked()
    {
        int shown = 0;
        CliUnderTest cli = await AgainstAsync(
            path => path switch
            {
                "/api/show" when shown++ == 0 => (404, """{"error":"model 'tolker:latest' not found"}"""),
                "/api/show" => (200, """{"capabilities":["completion"]}"""),
                "/api/pull" => (200, """
                    {"status":"pulling manifest"}
                    {"status":"pulling 0123456789ab","digest":"sha256:0123456789ab","total":100,"completed":10}
                    {"status":"pulling 0123456789ab","digest":"sha256:0123456789ab","total":100,"completed":100}
                    {"status":"success"}

                    """),
                _ => (200, """
                    {"response":"Hi","done":false}
                    {"response":"","done":true}

                    """),
            },
            "run", "tolker", "hello");
        Assert.Equal("Hi\n\n", cli.Out.ToString());
        Assert.Equal("pulling manifest\npulling 0123456789ab: 100% 100 B\nsuccess\n", cli.Error.ToString());
    }

    [Theory]
    [InlineData(404, "404 page not found", "Error: model 'tolker:latest' not found, and the server at http://ADDRESS cannot pull models; did you mean 'talker'?\n")]
    [InlineData(200, "{\"error\":\"pull model manifest: file does not exist\"}\n", "Error: pull model manifest: file does not exist; did you mean 'talker'?\n")]
    [InlineData(200, "{\"error\":\"no route to host\"}\n", "Error: no route to host; did you mean 'talker'?\n")]
    public async Task WhyItCannotBeHadIsTold(int status, string answer, string expected)
    {
        CliUnderTest cli = await AgainstAsync(
            path => path switch
            {
                "/api/show" => (404, """{"error":"model 'tolker:latest' not found"}"""),
                "/api/pull" => (status, answer),
                _ => (200, Tags),
            },
            "run", "tolker", "hello");
        Assert.Equal(expected.Replace("ADDRESS", cli.Variables["OLLAMA_HOST"], StringComparison.Ordinal), cli.Error.ToString());
    }

    /// <summary>Runs a command against a server whose answers depend on the path.</summary>
    private static async Task<CliUnderTest> AgainstAsync(Func<string, (int Status, string Body)> answer, params string[] args)
    {
        int port = FreePort();
        using HttpListener listener = new() { Prefixes = { $"http://127.0.0.1:{port}/" } };
        listener.Start();
        Task serving = Task.Run(async () =>
        {
            while (listener.IsListening)
            {
                HttpListenerContext context = await listener.GetContextAsync();
                (context.Response.StatusCode, string body) = context.Request.HttpMethod == "HEAD" ? (200, "") : answer(context.Request.Url!.AbsolutePath);
                context.Response.Close(Encoding.UTF8.GetBytes(body), willBlock: true);
            }
        });
        CliUnderTest cli = new() { Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{port}" } };
        await cli.RunAsync(args);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
        return cli;
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
