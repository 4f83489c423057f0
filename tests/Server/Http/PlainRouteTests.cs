using System.Net;

namespace LocalLlm.Server.Tests.Http;

public sealed class PlainRouteTests
{
    [Fact]
    public async Task RootSaysThatOllamaIsRunning()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        using HttpResponseMessage response = await server.Client.GetAsync("/");
        Assert.Equal("Ollama is running", await response.Content.ReadAsStringAsync());
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task VersionNamesBothPrograms()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal("""{"version":"0.32.9","localllm_version":"0.1.0"}""", await server.Client.GetStringAsync("/api/version"));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/version")]
    [InlineData("/api/tags")]
    public async Task HeadAnswersWithoutBody(string path)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        using HttpResponseMessage response = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("GET", "/api/nothing", 404, "404 page not found")]
    [InlineData("POST", "/v1/nothing", 404, "404 page not found")]
    [InlineData("GET", "/ollama/api/tags", 404, "404 page not found")]
    [InlineData("GET", "/api/chat", 405, "405 method not allowed")]
    [InlineData("POST", "/api/version", 405, "405 method not allowed")]
    [InlineData("PUT", "/v1/chat/completions", 405, "405 method not allowed")]
    [InlineData("OPTIONS", "/api/chat", 405, "405 method not allowed")]
    public async Task WhatNoRouteTakesIsRefusedInPlainText(string method, string path, int status, string text)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        using HttpResponseMessage response = await server.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(text, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("GET", "/api/tags/", 301, "/api/tags")]
    [InlineData("GET", "/api/tags/?a=1%2F2", 301, "/api/tags?a=1%2F2")]
    [InlineData("POST", "/api/chat/", 307, "/api/chat")]
    [InlineData("GET", "/v1/models/hf.co%2Fme%2Fmodel:Q4/", 301, "/v1/models/hf.co%2Fme%2Fmodel:Q4")]
    public async Task TrailingSlashIsRedirected(string method, string path, int status, string location)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        string answer = await server.SendRawAsync($"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains($"Location: {location}\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownPathWithTrailingSlashIsNotRedirected()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        using HttpResponseMessage response = await server.Client.GetAsync("/api/nothing/");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task AuthorizationIsIgnored()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        HttpRequestMessage request = new(HttpMethod.Get, "/api/tags");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer ollama");
        request.Headers.TryAddWithoutValidation("X-Api-Key", "k");
        request.Headers.TryAddWithoutValidation("x-stainless-timeout", "NOT_GIVEN");
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task AddressInUseIsToldInOneSentence()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        IOException exception = await Assert.ThrowsAsync<IOException>(
            () => ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { Port = server.Port }));
        Assert.Equal($"listen tcp 127.0.0.1:{server.Port}: bind: address already in use", exception.Message);
    }
}
