using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Sampling;
using LocalLlm.Server.Http;

namespace LocalLlm.Server.Tests.Http;

public sealed class OptionTests
{
    /// <summary>Gives the talker a context of its own, as <c>PARAMETER num_ctx 24</c> does.</summary>
    internal static ServerOptions WithContextOfTalker(ServerOptions options) => options with
    {
        Models = [options.Models[0] with { Defaults = JsonDocument.Parse("""{"num_ctx":24}""").RootElement }],
    };

    [Fact]
    public async Task LayersGoOverOneAnother()
    {
        GenerationRequest request = await RequestForAsync("""{"temperature":0.5,"seed":null}""");
        Assert.Equal(0.5f, request.Sampling.Temperature); // the request's
        Assert.Equal(0.75f, request.Sampling.TopP); // the model's
        Assert.Equal(["<end>", "\n\n"], request.Stop);
        Assert.Equal(40, request.Sampling.TopK); // the default
        Assert.Null(request.Sampling.Seed);
    }

    [Fact]
    public async Task DefaultsAreOllamas()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/generate", """{"model":"me/embedder:v1","prompt":"x","stream":false}""");
        GenerationRequest request = engine.OnlyRequest;
        Assert.Equal(0.8f, request.Sampling.Temperature);
        Assert.Equal(0.9f, request.Sampling.TopP);
        Assert.Equal(1f, request.Sampling.RepeatPenalty);
        Assert.Equal(64, request.Sampling.RepeatLastN);
        Assert.Equal(4, request.Keep);
        Assert.Equal(4096, request.ContextLength);
        Assert.Equal(40960, request.MaxTokens);
        Assert.True(request.Truncate);
        Assert.True(request.Shift);
        Assert.Empty(request.Stop);
    }

    [Fact]
    public async Task EveryOptionReachesTheEngine()
    {
        GenerationRequest request = await RequestForAsync("""
            {"num_ctx":2048,"num_keep":-1,"seed":42,"num_predict":7,"top_k":20,"top_p":0.5,"min_p":0.05,"typical_p":0.7,"temperature":0,
             "repeat_last_n":-1,"repeat_penalty":1.1,"presence_penalty":0.3,"frequency_penalty":-0.4,"stop":["\n","END"],
             "num_batch":512,"num_gpu":1,"main_gpu":0,"use_mmap":true,"num_thread":2,"mirostat":2,"keep_alive":"10m","num_keep_typo":"x"}
            """);
        Assert.Equal((2048, -1, 7), (request.ContextLength, request.Keep, request.MaxTokens));
        Assert.Equal(["\n", "END"], request.Stop);
        SamplingOptions sampling = request.Sampling;
        Assert.Equal((42L, 20, 0.5f, 0.05f, 0.7f, 0f), (sampling.Seed, sampling.TopK, sampling.TopP, sampling.MinP, sampling.TypicalP, sampling.Temperature));
        Assert.Equal((-1, 1.1f, 0.3f, -0.4f), (sampling.RepeatLastN, sampling.RepeatPenalty, sampling.PresencePenalty, sampling.FrequencyPenalty));
    }

    [Theory]
    [InlineData("num_predict", "-1", 40960)]
    [InlineData("num_predict", "0", 40960)]
    [InlineData("num_predict", "1000000000", 40960)]
    [InlineData("num_predict", "3.9", 3)]
    public async Task AnswersAreBounded(string option, string value, int tokens) =>
        Assert.Equal(tokens, (await RequestForAsync($$"""{"{{option}}":{{value}}}""")).MaxTokens);

    [Theory]
    [InlineData("2", 4)] // the least
    [InlineData("0", 4096)] // the model's default
    [InlineData("131072", 8192)] // what the model can give: some clients send back what /api/show told them
    public async Task ContextIsKeptWithinBounds(string value, int positions) =>
        Assert.Equal(positions, (await RequestForAsync($$"""{"num_ctx":{{value}}}""")).ContextLength);

    [Theory]
    [InlineData("\"temperature\":\"hot\"", "option \"temperature\" must be of type float32")]
    [InlineData("\"top_k\":true", "option \"top_k\" must be of type integer")]
    [InlineData("\"num_ctx\":\"4096\"", "option \"num_ctx\" must be of type integer")]
    [InlineData("\"num_gpu\":[]", "option \"num_gpu\" must be of type integer")]
    [InlineData("\"use_mmap\":1", "option \"use_mmap\" must be of type boolean")]
    [InlineData("\"stop\":\"x\"", "option \"stop\" must be of type array")]
    [InlineData("\"stop\":[1]", "option \"stop\" must be of type array")]
    [InlineData("\"num_predict\":1e30", "option \"num_predict\" is out of range: 1e30")]
    [InlineData("\"temperature\":1e999", "option \"temperature\" is out of range: 1e999")]
    public async Task WrongTypesAreTold(string option, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, error), await server.AskErrorAsync("/api/generate", $$$"""{"model":"talker","prompt":"x","options":{{{{option}}}}}"""));
    }

    [Fact]
    public async Task AnotherContextDoesNotLoadTheModelAgain()
    {
        int loads = 0;
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync((_, _, _) =>
        {
            loads++;
            return Task.FromResult<ITextEngine>(engine);
        });
        foreach (string options in (string[])["{}", """{"num_ctx":2048}""", """{"num_ctx":6000}""", """{"num_ctx":131072}"""])
        {
            await server.AskJsonAsync("/api/generate", $$"""{"model":"talker","prompt":"x","stream":false,"options":{{options}}}""");
        }
        Assert.Equal([4096, 2048, 6000, 8192], engine.Requests.Select(request => request.ContextLength!.Value));
        Assert.Equal(1, loads);
    }

    private static async Task<GenerationRequest> RequestForAsync(string options)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/generate", $$"""{"model":"talker","prompt":"x","stream":false,"options":{{options}}}""");
        return engine.OnlyRequest;
    }
}
