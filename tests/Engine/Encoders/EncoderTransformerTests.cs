using LocalLlm.Engine.Encoders;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>The encoder's forward pass: numbers of a reference in double precision, the same bits at every level and in every batch, and files that it refuses.</summary>
public sealed class EncoderTransformerTests : IDisposable
{
    private static readonly int[][] s_texts = [[1, 5, 2], [1, 2], [1, 9, 30, 31, 44, 12, 2], [.. Enumerable.Range(1, SmallEncoder.Context)], [1, 9, 30, 31, 44, 12, 2], [7]];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-encoder-");

    public static TheoryData<SimdLevel, GgmlType, ActivationType> Cases
    {
        get
        {
            TheoryData<SimdLevel, GgmlType, ActivationType> data = [];
            foreach (SimdLevel level in Engines.Levels)
            {
                foreach (GgmlType type in new[] { GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_1 })
                {
                    data.Add(level, type, ActivationType.Q8);
                }
                data.Add(level, GgmlType.Q8_0, ActivationType.F32);
            }
            return data;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Cases))]
    public void StatesAreThoseOfTheReference(SimdLevel level, GgmlType type, ActivationType activations)
    {
        string path = new SmallEncoder { Type = type }.Write(_folder);
        using EncoderReference reference = new(path);
        using EncoderModel model = EncoderModel.Load(path, new ModelOptions { Simd = level, Threads = 2, Activations = activations });
        float[] states = Forward(model, s_texts);
        float[] expected = [.. s_texts.SelectMany(reference.States).SelectMany(row => row).Select(v => (float)v)];
        if (type is GgmlType.Q8_0 or GgmlType.Q4_1 && activations == ActivationType.Q8)
        {
            Assert.InRange(Agreement.Cosine(expected, states), 0.9995, 1);
        }
        else
        {
            Assert.InRange(Agreement.MaxError(expected, states), 0, 5e-5);
        }
    }

    [Theory]
    [InlineData(GgmlType.F32)]
    [InlineData(GgmlType.F16)]
    [InlineData(GgmlType.Q8_0)]
    public void BitsDependNeitherOnTheLevelNorOnThreadsNorOnTheBatch(GgmlType type)
    {
        string path = new SmallEncoder { Type = type }.Write(_folder);
        float[]? expected = null;
        foreach (SimdLevel level in Engines.Levels)
        {
            foreach (int threads in new[] { 1, 3 })
            {
                using EncoderModel model = EncoderModel.Load(path, new ModelOptions { Simd = level, Threads = threads });
                float[] together = Forward(model, s_texts), alone = [.. s_texts.SelectMany(text => Forward(model, [text]))];
                Assert.Equal(expected ?? together, together);
                Assert.Equal(together, alone);
                expected = together;
            }
        }
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(3u)]
    [InlineData(0u)]
    [InlineData(null)]
    public async Task VectorsArePooledAsTheFileSays(uint? pooling)
    {
        string path = new SmallEncoder { Pooling = pooling }.Write(_folder);
        using EncoderReference reference = new(path);
        await using ITextEngine engine = TextEngines.Open(path, new ModelOptions { Threads = 1 });
        EmbeddingResult result = await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["ab, c."] });
        int[] tokens = await engine.TokenizeAsync("ab, c.", addSpecial: true, parseSpecial: true);
        double[][] states = reference.States(tokens);
        double[] pooled = pooling switch
        {
            2 => states[0],
            3 => states[^1],
            _ => [.. Enumerable.Range(0, SmallEncoder.Width).Select(i => states.Average(row => row[i]))],
        };
        Assert.InRange(Agreement.MaxError(EncoderReference.Unit(pooled), result.Vectors[0]), 0, 1e-5);
        Assert.Equal(tokens.Length, result.PromptTokens);
    }

    [Fact]
    public void WhatIsNotSupportedIsRefusedInOneSentence()
    {
        (SmallEncoder File, string Message)[] broken =
        [
            (new() { Pooling = 4 }, "bert.pooling_type is 4 (rank), but there is no classification head"),
            (new() { Pooling = 4, Labels = 3 }, "it puts texts into 3 classes"),
            (new() { Pooling = 9 }, "bert.pooling_type 9 is not supported; supported are 1 (mean), 2 (cls), 3 (last) and 4 (rank)"),
            (new() { Causal = true }, "bert.attention.causal is true"),
            (new() { Extra = "cls.bias" }, "tensor 'cls.bias' is not part of the architecture 'bert'"),
        ];
        Assert.All(broken, one =>
        {
            string path = one.File.Write(_folder);
            TextEngineException error = Assert.Throws<TextEngineException>(() => TextEngines.Open(path, new ModelOptions { Threads = 1 }));
            Assert.Equal(TextEngineErrorKind.InvalidModel, error.Kind);
            Assert.Contains(one.Message, error.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void AdaptersAreRefused() => Assert.Contains("cannot have adapters", Assert.Throws<TextEngineException>(
        () => TextEngines.Open(new SmallEncoder().Write(_folder), new ModelOptions { Threads = 1, Adapters = [new AdapterOptions("a.gguf")] })).Message, StringComparison.Ordinal);

    [Fact]
    public void SequencesThatDoNotFitAreRefused()
    {
        using EncoderModel model = EncoderModel.Load(new SmallEncoder().Write(_folder), new ModelOptions { Threads = 1 });
        Assert.Throws<ArgumentException>(() => { model.Transformer.Forward(new int[SmallEncoder.Context + 1], [SmallEncoder.Context + 1]); });
        Assert.Throws<ArgumentException>(() => { model.Transformer.Forward([1, 2, 3], [2]); });
        Assert.Throws<ArgumentException>(() => { model.Transformer.Forward([1, 2, 3], [2, 2]); });
        Assert.Throws<ArgumentException>(() => { model.Transformer.Forward([1, SmallEncoder.Tokens.Length], [2]); });
    }

    [Theory]
    [InlineData(GgmlType.F32)]
    [InlineData(GgmlType.Q8_0)]
    public void WarmingUpMeetsNoObstacleAndLeavesNothingBehind(GgmlType type)
    {
        using EncoderModel model = EncoderModel.Load(new SmallEncoder { Type = type }.Write(_folder), new ModelOptions { Threads = 2 });
        float[] before = Forward(model, s_texts);
        EncoderWarmUp warmUp = new(model.Transformer);
        warmUp.Dispose();
        Assert.Null(warmUp.Failure);
        Assert.Equal(before, Forward(model, s_texts));
    }

    private static float[] Forward(EncoderModel model, int[][] texts) =>
        model.Transformer.Forward([.. texts.SelectMany(text => text)], [.. texts.Select(text => text.Length)]).ToArray();
}
