using System.Net;
using System.Text.RegularExpressions;

namespace LocalLlm.Server.Tests.Http;

public sealed partial class HostAndOriginTests
{
    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("LocalHost:11434", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("127.0.0.1:11434", 200)]
    [InlineData("[::1]:11434", 200)]
    [InlineData("0.0.0.0:11434", 200)]
    [InlineData("10.1.2.3", 200)]
    [InlineData("172.16.0.1", 200)]
    [InlineData("172.31.255.255", 200)]
    [InlineData("192.168.1.7:80", 200)]
    [InlineData("[fd00::1]", 200)]
    [InlineData("box.localhost", 200)]
    [InlineData("box.local", 200)]
    [InlineData("host.docker.internal:11434", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("evillocalhost", 403)]
    [InlineData("8.8.8.8", 403)]
    [InlineData("172.32.0.1", 403)]
    [InlineData("[2001:4860::8888]", 403)]
    public async Task HostMustBeThisMachines(string host, int status)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        string answer = await server.SendRawAsync($"GET /api/version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        AssertAnswer(status, answer);
    }

    [Fact]
    public async Task OwnNameAndNoNamePass()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        AssertAnswer(200, await server.SendRawAsync($"GET / HTTP/1.1\r\nHost: {Dns.GetHostName()}\r\nConnection: close\r\n\r\n"));
        AssertAnswer(200, await server.SendRawAsync("GET / HTTP/1.0\r\n\r\n"));
    }

    [Fact]
    public async Task HostIsNotCheckedWhenListeningToTheWorld()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { Host = "0.0.0.0" });
        AssertAnswer(200, await server.SendRawAsync("GET / HTTP/1.1\r\nHost: my.example\r\nConnection: close\r\n\r\n"));
    }

    [Theory]
    [InlineData("http://localhost", 200)]
    [InlineData("http://localhost:3000", 200)]
    [InlineData("https://127.0.0.1:8443", 200)]
    [InlineData("HTTP://LOCALHOST:3000", 200)]
    [InlineData("app://obsidian.md", 200)]
    [InlineData("https://my.site", 200)]
    [InlineData("https://a.b.example", 200)]
    [InlineData("http://localhost:3000.evil.example", 403)]
    [InlineData("http://localhost.evil.example", 403)]
    [InlineData("https://other.site", 403)]
    [InlineData("null", 403)]
    [InlineData("chrome-extension://abc", 403)]
    public async Task OriginMustBeAllowed(string origin, int status)
    {
        string[] origins = ["https://my.site", "https://*.example", "http://localhost", "http://localhost:*", "https://127.0.0.1:*", "app://*"];
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { AllowedOrigins = origins });
        string answer = await server.SendRawAsync($"GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n");
        AssertAnswer(status, answer);
        Assert.Equal(status == 200, answer.Contains($"Access-Control-Allow-Origin: {origin}\r\n", StringComparison.Ordinal));

        string preflight = await server.SendRawAsync(
            $"OPTIONS /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n");
        AssertAnswer(status == 200 ? 204 : 403, preflight);
        Assert.Equal(status == 200, AllowedHeaders().IsMatch(preflight));
        Assert.DoesNotContain("Allow-Credentials", preflight, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task SameOriginNeedsNoPermission()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        string answer = await server.SendRawAsync("GET / HTTP/1.1\r\nHost: localhost:5\r\nOrigin: http://localhost:5\r\nConnection: close\r\n\r\n");
        AssertAnswer(200, answer);
        Assert.DoesNotContain("Access-Control", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReboundNameIsRefusedThoughItIsSameOrigin()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        AssertAnswer(403, await server.SendRawAsync(
            "POST /api/chat HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"));
    }

    [Fact]
    public async Task StarAllowsAllOrigins()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { AllowedOrigins = ["*"] });
        string answer = await server.SendRawAsync("GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://any.site\r\nConnection: close\r\n\r\n");
        Assert.Contains("Access-Control-Allow-Origin: *\r\n", answer, StringComparison.Ordinal);
    }

    /// <summary>Refusals and preflight answers have no body.</summary>
    private static void AssertAnswer(int status, string answer)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        if (status != 200)
        {
            Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("\r\nContent-Type:", answer, StringComparison.Ordinal);
        }
    }

    [GeneratedRegex("Access-Control-Allow-Headers: .*Authorization.*x-stainless-retry-count")]
    private static partial Regex AllowedHeaders();
}
