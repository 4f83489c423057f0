using System.Net;
using System.Net.Sockets;
using System.Text;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http;

/// <summary>A client that goes away stops its generation at once. What does not happen here hangs, so no time is measured.</summary>
public sealed class DisconnectTests
{
    [Theory]
    [InlineData("/api/chat", "\"stream\":true")]
    [InlineData("/api/chat", "\"stream\":false")]
    [InlineData("/v1/chat/completions", "\"stream\":true")]
    [InlineData("/v1/chat/completions", "\"stream\":false")]
    public async Task LeavingCancelsTheGeneration(string path, string stream)
    {
        TaskCompletionSource generating = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new()
        {
            BeforePiece = (piece, cancelled) =>
            {
                if (piece == 0)
                {
                    return Task.CompletedTask;
                }
                generating.TrySetResult();
                return Task.Delay(Timeout.Infinite, cancelled);
            },
        };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        using (TcpClient client = await AskAsync(server, path, $$"""{"model":"talker",{{stream}},"messages":[{"role":"user","content":"x"}]}"""))
        {
            await generating.Task;
        }
        await engine.Cancelled;
        Assert.Contains("running", await server.Client.GetStringAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LeavingDoesNotStopTheLoad()
    {
        TaskCompletionSource loading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<ITextEngine> load = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int loads = 0;
        await using ServerUnderTest server = await ServerUnderTest.StartAsync((_, _, _) =>
        {
            loads++;
            loading.TrySetResult();
            return load.Task;
        });
        using (TcpClient client = await AskAsync(server, "/api/chat", """{"model":"talker","messages":[{"role":"user","content":"x"}]}"""))
        {
            await loading.Task;
        }
        Task<System.Text.Json.JsonElement> second = server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        load.SetResult(new ScriptedEngine());
        await second;
        Assert.Equal(1, loads);
    }

    [Fact]
    public async Task StoppingTheServerCutsRunningRequestsOff()
    {
        TaskCompletionSource generating = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new()
        {
            BeforePiece = (_, cancelled) =>
            {
                generating.TrySetResult();
                return Task.Delay(Timeout.Infinite, cancelled);
            },
        };
        ServerUnderTest server = await ServerUnderTest.StartAsync(engine, options => options with { StopTimeout = TimeSpan.Zero });
        using TcpClient client = await AskAsync(server, "/api/generate", """{"model":"talker","prompt":"x"}""");
        await generating.Task;
        await server.DisposeAsync();
        await engine.Cancelled;
        Assert.True(engine.IsDisposed);
    }

    private static async Task<TcpClient> AskAsync(ServerUnderTest server, string path, string body)
    {
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        return client;
    }
}
