using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Sampling;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>Nothing is lost between server and runner. Types are walked by reflection, so that a member added later is covered, or named here as missing.</summary>
public sealed class RunnerJsonTests
{
    [Fact]
    public void EveryMemberOfARequestSurvives()
    {
        GenerationRequest request = (GenerationRequest)Specimen.Of(typeof(GenerationRequest));
        AssertDiffersEverywhere(request, new GenerationRequest());
        AssertDiffersEverywhere(request.Sampling, new SamplingOptions());
        AssertDiffersEverywhere(request.Messages![0], new ChatMessage { Role = "" });
        Specimen.AssertSame(request, Through(new RunnerCall { Generate = request }, RunnerJson.Lines.RunnerCall).Generate);

        EmbeddingRequest embedding = (EmbeddingRequest)Specimen.Of(typeof(EmbeddingRequest));
        AssertDiffersEverywhere(embedding, new EmbeddingRequest { Inputs = [] });
        Specimen.AssertSame(embedding, Through(new RunnerCall { Embed = embedding }, RunnerJson.Lines.RunnerCall).Embed);

        RerankRequest ranking = (RerankRequest)Specimen.Of(typeof(RerankRequest));
        AssertDiffersEverywhere(ranking, new RerankRequest { Query = "", Documents = [] });
        Specimen.AssertSame(ranking, Through(new RunnerCall { Rerank = ranking }, RunnerJson.Lines.RunnerCall).Rerank);
    }

    [Fact]
    public void DefaultsSurvive()
    {
        GenerationRequest request = new() { Prompt = "" };
        Specimen.AssertSame(request, Through(new RunnerCall { Generate = request }, RunnerJson.Lines.RunnerCall).Generate);
        RunnerStart start = new() { Protocol = 1, Socket = "s", Options = new ModelOptions() };
        Specimen.AssertSame(start, Through(start, RunnerJson.Lines.RunnerStart));
    }

    [Theory]
    [InlineData(typeof(RunnerCall))]
    [InlineData(typeof(RunnerAnswer))]
    [InlineData(typeof(RunnerReport))]
    [InlineData(typeof(RunnerStart))]
    public void EveryMessageSurvives(Type type)
    {
        object message = Specimen.Of(type);
        byte[] line = JsonSerializer.SerializeToUtf8Bytes(message, RunnerJson.Lines.GetTypeInfo(type)!);
        Assert.DoesNotContain((byte)'\n', line);
        Specimen.AssertSame(message, JsonSerializer.Deserialize(line, RunnerJson.Lines.GetTypeInfo(type)!));
    }

    [Fact]
    public void EveryEventHasItsPlace()
    {
        Type[] events = [.. typeof(GenerationEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(GenerationEvent)))];
        Assert.NotEmpty(events);
        foreach (Type type in events)
        {
            GenerationEvent item = (GenerationEvent)Specimen.Of(type);
            Assert.Same(item, RunnerAnswer.Of(item).Event);
        }
    }

    [Fact]
    public void FloatsSurviveExactly()
    {
        Random random = new(5);
        float[] vector = [.. Enumerable.Range(0, 20_000).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))).Where(number => !float.IsNaN(number)),
            0f, -0f, float.Epsilon, float.MaxValue, float.NegativeInfinity, float.PositiveInfinity];
        EmbeddingResult result = new([vector], 1);
        Specimen.AssertSame(result, Through(new RunnerAnswer { Embedding = result }, RunnerJson.Lines.RunnerAnswer).Embedding);
        RerankResult scores = new(vector, RerankMethod.YesNo, 2);
        Specimen.AssertSame(scores, Through(new RunnerAnswer { Ranking = scores }, RunnerJson.Lines.RunnerAnswer).Ranking);
    }

    [Fact]
    public void ToolDefinitionsAreAsTheServerReadThem()
    {
        string definition = """{"type":"function","function":{"name":"f","parameters":{"one":1.0,"two":2,"deep":""" + new string('[', 60) + new string(']', 60) + "}}}";
        GenerationRequest request = new() { Tools = [JsonNodes.ObjectOf(JsonDocument.Parse(definition, new JsonDocumentOptions { MaxDepth = 100 }).RootElement)] };
        RunnerCall call = Through(new RunnerCall { Generate = request }, RunnerJson.Lines.RunnerCall);
        Assert.Equal(definition, call.Generate!.Tools[0].ToJsonString());
    }

    private static void AssertDiffersEverywhere<T>(T specimen, T ordinary)
        where T : class
    {
        foreach (PropertyInfo member in Specimen.Members(typeof(T)))
        {
            Assert.ThrowsAny<Exception>(() => Specimen.AssertSame(member.GetValue(ordinary), member.GetValue(specimen), member.Name));
        }
    }

    private static T Through<T>(T message, JsonTypeInfo<T> type)
        where T : class
    {
        byte[] written = JsonSerializer.SerializeToUtf8Bytes(message, type);
        Assert.DoesNotContain((byte)'\n', written);
        return JsonSerializer.Deserialize(written, type)!;
    }
}
