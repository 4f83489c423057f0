using System.Text.Json;
using System.Text.RegularExpressions;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Server.Tests.Http;

public sealed partial class ChatCompletionsTests
{
    private const string User = """[{"role":"user","content":"Why?"}]""";

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/chat/completions")]
    public async Task StreamIsASequenceOfEvents(string path)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = ["Hé", " <😀"] });
        using HttpResponseMessage response = await server.PostAsync(
            path, $$$"""{"model":"talker","messages":{{{User}}},"stream":true,"stream_options":{"include_usage":true}}""");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            """
            data: {"id":"ID","object":"chat.completion.chunk","created":0,"model":"talker","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"Hé"},"finish_reason":null}]}

            data: {"id":"ID","object":"chat.completion.chunk","created":0,"model":"talker","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"content":" \u003c😀"},"finish_reason":null}]}

            data: {"id":"ID","object":"chat.completion.chunk","created":0,"model":"talker","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: {"id":"ID","object":"chat.completion.chunk","created":0,"model":"talker","system_fingerprint":"fp_ollama","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":2,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3}}}

            data: [DONE]


            """.ReplaceLineEndings("\n"),
            Steady(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task UsageComesOnlyIfAskedFor()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        (_, string text) = await server.AskAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}},"stream":true}""");
        Assert.DoesNotContain("usage", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SilentAnswerStillHasARole()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = [], Reason = FinishReason.Length });
        (_, string text) = await server.AskAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}},"stream":true}""");
        string[] events = Steady(text).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, events.Length);
        Assert.Contains("""{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}""", events[0], StringComparison.Ordinal);
        Assert.Contains("""{"index":0,"delta":{},"finish_reason":"length"}""", events[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task EventsOfOneAnswerShareTheirId()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        (_, string text) = await server.AskAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}},"stream":true}""");
        Assert.Single(Id().Matches(text).Select(match => match.Value).Distinct());
    }

    [Fact]
    public async Task WholeAnswerIsOneObject()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        using HttpResponseMessage response = await server.PostAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}}}""");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(
            """{"id":"ID","object":"chat.completion","created":0,"model":"talker","system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant","content":"Hello world"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":2,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3}}}""",
            Steady(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task LogProbabilitiesHaveOpenAisShape()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = ["a"] });
        JsonElement answer = await server.AskJsonAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}},"logprobs":true}""");
        Assert.Equal(
            """{"content":[{"token":"a","logprob":-0.25,"bytes":[97],"top_logprobs":[]}]}""",
            answer.GetProperty("choices")[0].GetProperty("logprobs").GetRawText());
        answer = await server.AskJsonAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}},"logprobs":true,"top_logprobs":2}""");
        Assert.Equal(2, answer.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content")[0].GetProperty("top_logprobs").GetArrayLength());
    }

    [Fact]
    public async Task WhatIsLeftOutIsTheModelsDefault()
    {
        GenerationRequest request = await RequestForAsync("");
        Assert.Equal((0.25f, 0.75f), (request.Sampling.Temperature, request.Sampling.TopP));
        Assert.Equal(["<end>", "\n\n"], request.Stop);
        Assert.Equal(40960, request.MaxTokens);
        Assert.False(request.LogProbabilities);
        Assert.Null(request.Think);
    }

    [Fact]
    public async Task EverySettingReachesTheEngine()
    {
        GenerationRequest request = await RequestForAsync("""
            ,"frequency_penalty":0.2,"logit_bias":{"50256":-100,"7":1.5},"max_tokens":9,"max_completion_tokens":3,"n":1,"presence_penalty":0.1,
             "seed":42,"stop":"END","temperature":0,"top_p":0.9,"user":"u","options":{"num_ctx":2048,"temperature":1,"top_k":3},"keep_alive":"10m",
             "response_format":{"type":"text"},"service_tier":"auto","tool_choice":"required","parallel_tool_calls":false,"reasoning_effort":"none"
            """);
        Assert.Equal((3, 2048, 42L, 3), (request.MaxTokens, request.ContextLength, request.Sampling.Seed, request.Sampling.TopK));
        Assert.Equal((0f, 0.9f, 0.2f, 0.1f), (request.Sampling.Temperature, request.Sampling.TopP, request.Sampling.FrequencyPenalty, request.Sampling.PresencePenalty));
        Assert.Equal(["END"], request.Stop);
        Assert.Equal(new Dictionary<int, float> { [50256] = -100, [7] = 1.5f }, request.Sampling.LogitBias);
        Assert.False(request.Think);
    }

    [Fact]
    public async Task StopMayBeAList() => Assert.Equal(["\n", "END"], (await RequestForAsync(",\"stop\":[\"\\n\",\"END\"]")).Stop);

    [Fact]
    public async Task PartsOfAMessageStayOneMessage()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/v1/chat/completions", """
            {"model":"talker","messages":[
              {"role":"developer","content":[{"type":"text","text":"Be "},{"type":"text","text":"brief."}]},
              {"role":"user","content":[{"type":"text","text":"Hi"}]},
              {"role":"assistant","content":null,"reasoning":"hm","tool_calls":[{"id":"c1","index":0,"type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
              {"role":"tool","tool_call_id":"c2","content":"second"},
              {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"first"}]},
              {"role":"assistant"}]}
            """);
        IReadOnlyList<ChatMessage> messages = engine.OnlyRequest.Messages!;
        Assert.Equal(
            [("system", "Be brief."), ("user", "Hi"), ("assistant", ""), ("tool", "second"), ("tool", "first"), ("assistant", "")],
            messages.Select(message => (message.Role, message.Content)));
        Assert.Equal("hm", messages[2].Thinking);
        Assert.Equal(["""{"x":1}""", "{}"], messages[2].ToolCalls.Select(call => call.Arguments.ToJsonString()));
        Assert.Equal(["g", "f"], messages.Where(message => message.Role == "tool").Select(message => message.ToolName));
    }

    [Theory]
    [InlineData(",\"n\":2", "n must be 1, not 2: send one request for each answer")]
    [InlineData(",\"response_format\":{\"type\":\"json_object\"}", "this version of LocalLlm does not support structured output: leave response_format out")]
    [InlineData(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}}", "this version of LocalLlm does not support structured output: leave response_format out")]
    [InlineData(",\"response_format\":{\"type\":\"xml\"}", "invalid response_format type 'xml': it must be text, json_object or json_schema")]
    [InlineData(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "registry.ollama.ai/library/talker:latest does not support tools")]
    [InlineData(",\"reasoning_effort\":\"low\"", "\"talker\" does not support thinking")]
    [InlineData(",\"reasoning\":{\"effort\":\"high\"}", "\"talker\" does not support thinking")]
    [InlineData(",\"think\":true", "\"talker\" does not support thinking")]
    [InlineData(",\"reasoning_effort\":\"huge\"", "invalid reasoning effort 'huge': it must be none, minimal, low, medium, high or max")]
    [InlineData(",\"logit_bias\":{\"cat\":1}", "logit_bias must map token ids, which are whole numbers, to numbers")]
    [InlineData(",\"stop\":7", "stop must be an array, not a number")]
    [InlineData(",\"top_logprobs\":21", "top_logprobs must be between 0 and 20")]
    public async Task WhatCannotBeHadIsTold(string field, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, error), await server.AskErrorAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}}{{field}}}"""));
    }

    [Theory]
    [InlineData("""[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]""", "this model does not support images")]
    [InlineData("""[{"type":"input_audio","input_audio":{}}]""", "this model does not support audio")]
    [InlineData("""[{"type":"video"}]""", "messages[0].content has a part of unknown type \"video\"")]
    [InlineData("7", "messages[0].content must be a string, not a number")]
    public async Task OtherContentIsTold(string content, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal(
            (400, error), await server.AskErrorAsync("/v1/chat/completions", $$"""{"model":"talker","messages":[{"role":"user","content":{{content}}}]}"""));
    }

    [Fact]
    public async Task BadArgumentsOfAToolCallAreTold()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, "invalid tool call arguments"), await server.AskErrorAsync(
            "/v1/chat/completions",
            """{"model":"talker","messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{x"}}]}]}"""));
    }

    [Fact]
    public async Task ToolsThatMayNotBeCalledAreLeftOut()
    {
        GenerationRequest request = await RequestForAsync(",\"tool_choice\":\"none\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]");
        Assert.Empty(request.Tools);
    }

    private static async Task<GenerationRequest> RequestForAsync(string fields)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/v1/chat/completions", $$"""{"model":"talker","messages":{{User}}{{fields}}}""");
        return engine.OnlyRequest;
    }

    private static string Steady(string text) => Created().Replace(Id().Replace(text, "\"id\":\"ID\""), "\"created\":0");

    [GeneratedRegex("\"id\":\"chatcmpl-[0-9a-f]{24}\"")]
    private static partial Regex Id();

    [GeneratedRegex("\"created\":[0-9]{10}\\b")]
    private static partial Regex Created();
}
