using System.Net;
using System.Net.Sockets;
using System.Text;
using LocalLlm.Server.Http;

namespace LocalLlm.Server.Tests.Cli;

public sealed class VersionReportTests
{
    private static readonly string s_own = $"localllm version is {LocalLlmServer.Version}\n";

    [Theory]
    [InlineData("--version")]
    [InlineData("-v")]
    public async Task WithoutAServerItWarnsAndTellsItsOwn(string flag)
    {
        Assert.Equal($"Warning: could not connect to a running Ollama instance\nWarning: client version is 0.32.9\n{s_own}", await ReportAsync("127.0.0.1:1", flag));
        Assert.Matches(@"^\d+\.\d+\.\d+", LocalLlmServer.Version);
    }

    [Fact]
    public async Task AServerOfTheSameVersionIsToldAlone()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal($"ollama version is 0.32.9\n{s_own}", await ReportAsync($"127.0.0.1:{server.Port}"));
        Assert.Equal($"ollama version is 0.32.9\n{s_own}", await ReportAsync($"localhost:{server.Port}"));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"version\":\"0.99.1\"}", "ollama version is 0.99.1\nWarning: client version is 0.32.9\n", "")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"version\":\"0.99.1\"}\r\n0\r\n\r\n", "ollama version is 0.99.1\nWarning: client version is 0.32.9\n", "")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n{\"version\":\"0.32.9\",\"localllm_version\":\"9.9\"}", "ollama version is 0.32.9\n", "Warning: the server's localllm version is 9.9\n")]
    [InlineData("HTTP/1.1 500 Oh\r\n\r\n<html>{}{", "Warning: could not connect to a running Ollama instance\nWarning: client version is 0.32.9\n", "")]
    [InlineData("", "Warning: could not connect to a running Ollama instance\nWarning: client version is 0.32.9\n", "")]
    public async Task WhateverAnswersIsRead(string answer, string before, string after)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = Task.Run(async () =>
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            byte[] buffer = new byte[4096];
            int length = await client.GetStream().ReadAsync(buffer);
            Assert.StartsWith("GET /prefix/api/version HTTP/1.1\r\n", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
        });
        Assert.Equal(before + s_own + after, await ReportAsync($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/prefix"));
        await serving;
    }

    private static async Task<string> ReportAsync(string host, string flag = "--version")
    {
        CliUnderTest cli = new() { Variables = { ["OLLAMA_HOST"] = host } };
        Assert.Equal((0, ""), (await cli.RunAsync(flag), cli.Error.ToString()));
        return cli.Out.ToString();
    }
}
