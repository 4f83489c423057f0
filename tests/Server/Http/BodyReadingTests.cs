using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace LocalLlm.Server.Tests.Http;

public sealed class BodyReadingTests
{
    private const string Plain = """{"model":"talker","prompt":"Why?","stream":false}""";

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain; charset=latin1")]
    [InlineData("multipart/form-data")]
    public async Task ContentTypeIsNotLookedAt(string? contentType)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        ByteArrayContent content = new(Encoding.UTF8.GetBytes(Plain));
        content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        using HttpResponseMessage response = await server.Client.PostAsync("/api/generate", content);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("""{"MODEL":"talker","Prompt":"Why?","STREAM":false}""", "Why?")]
    [InlineData("""{"model":"talker","prompt":"no","prompt":"Why?","stream":false}""", "Why?")]
    [InlineData("""{"model":"talker","prompt":"no","PROMPT":"Why?","stream":false}""", "Why?")]
    [InlineData("""{"model":"talker","prompt":"Why?","prompt":null,"stream":false}""", "Why?")]
    [InlineData("""{"model":"talker","prompt":"Why?","stream":false} trailing {garbage""", "Why?")]
    [InlineData("""{"model":"talker","prompt":"Why?","stream":false,"system":null,"options":null,"unknown":{"a":[1]}}""", "Why?")]
    [InlineData("\uFEFF{\"model\":\"talker\",\"prompt\":\"Why?\",\"stream\":false}", "Why?")]
    [InlineData("""{"model":"talker","prompt":"d\u00e9j\u00e0 \ud83d\ude00 \u4f60","stream":false}""", "déjà 😀 你")]
    [InlineData("""{"model":"talker","prompt":"cut \ud83d","stream":false}""", "cut \uFFFD")]
    [InlineData("""{"model":"talker","prompt":"a\n\"b\\\/\t\ud83dx","stream":false}""", "a\n\"b\\/\t\uFFFDx")]
    public async Task FieldsAreReadAsGoReadsThem(string body, string prompt)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/generate", body);
        Assert.Equal(prompt, Assert.Single(engine.OnlyRequest.Messages!).Content);
    }

    [Fact]
    public async Task BytesThatAreNoUtf8BecomeReplacementCharacters()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        byte[] body = Encoding.Latin1.GetBytes("{\"model\":\"talker\",\"prompt\":\"caf\u00e9!\",\"stream\":false}");
        using HttpResponseMessage response = await server.Client.PostAsync("/api/generate", new ByteArrayContent(body));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("caf\uFFFD!", Assert.Single(engine.OnlyRequest.Messages!).Content);
    }

    [Fact]
    public async Task ChunkedBodyIsRead()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        string answer = await server.SendRawAsync(
            "POST /api/generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"5\r\n{Plain[..5]}\r\n{Plain.Length - 5:x}\r\n{Plain[5..]}\r\n0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BodyMayBeLargerThanAnyDefaultLimit()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        string prompt = new('x', 31_000_000); // Kestrel's own limit is 30,000,000 bytes
        await server.AskJsonAsync("/api/generate", $$"""{"model":"talker","prompt":"{{prompt}}","stream":false}""");
        Assert.Equal(prompt.Length, Assert.Single(engine.OnlyRequest.Messages!).Content.Length);
    }

    [Theory]
    [InlineData("/api/generate", "")]
    [InlineData("/api/generate", " \n")]
    [InlineData("/api/chat", "")]
    [InlineData("/api/embed", "")]
    [InlineData("/api/embeddings", "")]
    [InlineData("/api/show", "")]
    [InlineData("/v1/chat/completions", "")]
    [InlineData("/v1/embeddings", "")]
    public async Task EmptyBodyIsToldByName(string path, string body)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, "missing request body"), await server.AskErrorAsync(path, body));
    }

    [Theory]
    [InlineData("{\"model\": \"talker\",", "not valid JSON")]
    [InlineData("{model:1}", "not valid JSON")]
    [InlineData("[]", "the request body must be an object, not an array")]
    [InlineData("\"talker\"", "the request body must be an object, not a string")]
    [InlineData("""{"model":7}""", "model must be a string, not a number")]
    [InlineData("""{"model":"talker","messages":{}}""", "messages must be an array, not an object")]
    [InlineData("""{"model":"talker","messages":["hi"]}""", "messages[0] must be an object, not a string")]
    [InlineData("""{"model":"talker","messages":[{"role":"user","content":["a"]}]}""", "messages[0].content must be a string, not an array")]
    [InlineData("""{"model":"talker","messages":[{"role":"user","content":"a"}],"stream":"yes"}""", "stream must be a boolean, not a string")]
    [InlineData("""{"model":"talker","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]}""", "messages[0].tool_calls[0].function.arguments must be an object, not a string")]
    public async Task WrongBodyIsToldInOneSentence(string body, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        (int status, string text) = await server.AskErrorAsync("/api/chat", body);
        Assert.Equal(400, status);
        Assert.Contains(error, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NestingWithoutEndIsRefused()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        (int status, _) = await server.AskErrorAsync("/api/chat", "{\"model\":\"talker\",\"tools\":" + new string('[', 100_000));
        Assert.Equal(400, status);
    }
}
