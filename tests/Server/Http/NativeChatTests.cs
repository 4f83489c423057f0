using System.Text.Json;
using System.Text.RegularExpressions;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Server.Tests.Http;

public sealed partial class NativeChatTests
{
    private const string Ask = """{"model":"talker","messages":[{"role":"User","content":"Why?"}]}""";

    [Fact]
    public async Task StreamIsOneObjectALine()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = ["Hé", " <b>&\u2028😀"] });
        using HttpResponseMessage response = await server.PostAsync("/api/chat", Ask);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.ToString());
        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Equal(
            """
            {"model":"talker","created_at":"T","message":{"role":"assistant","content":"Hé"},"done":false}
            {"model":"talker","created_at":"T","message":{"role":"assistant","content":" \u003cb\u003e\u0026\u2028😀"},"done":false}
            {"model":"talker","created_at":"T","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":N,"load_duration":N,"prompt_eval_count":11,"cached_tokens":3,"prompt_eval_duration":5000000,"eval_count":2,"eval_duration":7000000}

            """.ReplaceLineEndings("\n"),
            Steady(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task WholeAnswerIsOneObject()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Reason = FinishReason.Length });
        using HttpResponseMessage response = await server.PostAsync("/api/chat", Ask.Replace("{\"model", "{\"stream\":false,\"model", StringComparison.Ordinal));
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            """{"model":"talker","created_at":"T","message":{"role":"assistant","content":"Hello world"},"done":true,"done_reason":"length","total_duration":N,"load_duration":N,"prompt_eval_count":11,"cached_tokens":3,"prompt_eval_duration":5000000,"eval_count":2,"eval_duration":7000000}""",
            Steady(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task ZeroCountsAreWritten()
    {
        ScriptedEngine engine = new() { Pieces = [], Usage = new GenerationUsage(0, 0, 0, default, default, default) };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        string text = (await server.AskAsync("/api/chat", Ask)).Text;
        Assert.Contains("\"prompt_eval_count\":0,\"cached_tokens\":0,\"prompt_eval_duration\":0,\"eval_count\":0,\"eval_duration\":0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryItemIsSentAtOnce()
    {
        TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new() { BeforePiece = (piece, cancelled) => piece == 1 ? second.Task.WaitAsync(cancelled) : Task.CompletedTask };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/chat") { Content = new StringContent(Ask) };
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        Assert.Contains("Hello", await reader.ReadLineAsync(), StringComparison.Ordinal); // would wait for ever if it were held back
        second.SetResult();
        Assert.Contains("world", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConversationReachesTheEngineAsWritten()
    {
        ScriptedEngine engine = new ScriptedEngine().With(ModelCapabilities.Completion | ModelCapabilities.Tools);
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/chat", """
            {"model":"talker","stream":false,"tools":[{"type":"function","function":{"name":"b","parameters":{"z":1,"a":2,"z":3}}}],"messages":[
              {"role":"SYSTEM","content":"Be brief."},
              {"role":"assistant","thinking":"hm","tool_calls":[{"function":{"name":"f","arguments":{"y":1,"x":[null,"ü"]}}},{"function":{"name":"g"}}]},
              {"role":"tool","content":"first"},
              {"role":"tool","content":"second"},
              {"role":"assistant","content":"So"}]}
            """);
        GenerationRequest request = engine.OnlyRequest;
        Assert.Equal(["system", "assistant", "tool", "tool", "assistant"], request.Messages!.Select(message => message.Role));
        ChatMessage calling = request.Messages![1];
        Assert.Equal(("", "hm"), (calling.Content, calling.Thinking));
        Assert.Equal("""{"y":1,"x":[null,"ü"]}""", calling.ToolCalls[0].Arguments.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal(["f", "g"], request.Messages!.Where(message => message.Role == "tool").Select(message => message.ToolName));
        Assert.Equal("""{"type":"function","function":{"name":"b","parameters":{"z":3,"a":2}}}""", Assert.Single(request.Tools).ToJsonString());
        Assert.Equal("So", request.Messages![4].Content);
    }

    [Theory]
    [InlineData("""{"model":"talker"}""", "load")]
    [InlineData("""{"model":"talker","messages":[],"stream":true}""", "load")]
    [InlineData("""{"model":"talker","messages":[],"keep_alive":300.0}""", "load")]
    [InlineData("""{"model":"talker","messages":[],"keep_alive":0.0}""", "unload")]
    [InlineData("""{"model":"talker","messages":[],"keep_alive":"0s","stream":true}""", "unload")]
    public async Task NoMessagesLoadOrUnload(string body, string reason)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        using HttpResponseMessage response = await server.PostAsync("/api/chat", body);
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            $$$"""{"model":"talker","created_at":"T","message":{"role":"assistant","content":""},"done":true,"done_reason":"{{{reason}}}"}""",
            Steady(await response.Content.ReadAsStringAsync()));
        Assert.Empty(engine.Requests);
    }

    [Fact]
    public async Task LogProbabilitiesComeWithTheirTokens()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = ["é"] });
        string ask = Ask.Replace("{\"model", "{\"stream\":false,\"logprobs\":true,\"top_logprobs\":1,\"model", StringComparison.Ordinal);
        JsonElement answer = await server.AskJsonAsync("/api/chat", ask);
        Assert.Equal(
            """[{"token":"é","logprob":-0.25,"bytes":[195,169],"top_logprobs":[{"token":"é","logprob":-0.25,"bytes":[195,169]}]}]""",
            answer.GetProperty("logprobs").GetRawText());
    }

    [Fact]
    public async Task LogProbabilitiesHaveNoAlternativesUnlessAskedFor()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = ["a"] });
        string ask = Ask.Replace("{\"model", "{\"stream\":false,\"logprobs\":true,\"model", StringComparison.Ordinal);
        Assert.Equal("""[{"token":"a","logprob":-0.25,"bytes":[97]}]""", (await server.AskJsonAsync("/api/chat", ask)).GetProperty("logprobs").GetRawText());
    }

    [Fact]
    public async Task TruncationIsTold()
    {
        ScriptedEngine engine = new() { Truncation = new Truncation(2, 30, 400) };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        using HttpResponseMessage response = await server.PostAsync("/api/chat", Ask);
        Assert.Equal("messages=2,tokens=30", response.Headers.GetValues("X-LocalLlm-Truncated").Single());
        string last = (await response.Content.ReadAsStringAsync()).TrimEnd().Split('\n')[^1];
        Assert.Equal(
            """{"dropped_messages":2,"dropped_tokens":30,"kept_tokens":400}""",
            JsonDocument.Parse(last).RootElement.GetProperty("truncation").GetRawText());
    }

    [Fact]
    public async Task RenderOnlyShowsThePrompt()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        JsonElement answer = await server.AskJsonAsync("/api/chat", Ask.Replace("{\"model", "{\"_debug_render_only\":true,\"model", StringComparison.Ordinal));
        Assert.Equal("""{"rendered_template":"\u003cuser\u003eWhy?","image_count":0}""", answer.GetProperty("_debug_info").GetRawText());
        Assert.Empty(engine.Requests);
    }

    /// <summary>An answer with its times and durations masked.</summary>
    internal static string Steady(string text) => Duration().Replace(Time().Replace(text, "\"created_at\":\"T\""), "\"$1\":N");

    [GeneratedRegex("""
        "created_at":"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z"
        """)]
    private static partial Regex Time();

    [GeneratedRegex("""
        "(total_duration|load_duration)":[1-9][0-9]*\b
        """)]
    private static partial Regex Duration();
}
