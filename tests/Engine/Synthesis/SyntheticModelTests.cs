using System.Security.Cryptography;
using LocalLlm.Engine.Synthesis;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Tests.Synthesis;

/// <summary>Files with random weights: small shapes, written and then read like any other model.</summary>
public sealed class SyntheticModelTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-synth-");

    private static SyntheticShape Small { get; } = new()
    {
        Name = "small",
        BlockCount = 8,
        EmbeddingLength = 256,
        HeadCount = 4,
        HeadCountKv = 2,
        KeyLength = 64,
        FeedForwardLength = 512,
        ContextLength = 512,
        RopeFreqBase = 1e6f,
        VocabularySize = 1000,
        TiedEmbedding = true,
    };

    public static TheoryData<string, bool> Kinds => new() { { "Q8_0", true }, { "Q8_0", false }, { "Q4_K_M", true }, { "Q4_K_M", false } };

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void LoadsAndGivesFiniteLogitsThatDiffer(string mix, bool tied)
    {
        using LanguageModel model = LanguageModel.Load(Write("model.gguf", Small with { TiedEmbedding = tied }, Mix(mix)), new ModelOptions { Threads = 1 });
        Assert.Equal(mix, model.Description.Quantization);
        Assert.Equal(!tied, model.File.Tensors.Any(tensor => tensor.Name == "output.weight"));

        List<float[]> rows = [];
        model.ComputeLogits([1, 300, 20, 999, 640], all: true, row => rows.Add(row.ToArray()));
        foreach (float[] row in rows)
        {
            Assert.All(row, logit => Assert.True(float.IsFinite(logit)));
            double deviation = Math.Sqrt(row.Sum(logit => (double)logit * logit) / row.Length);
            Assert.InRange(deviation, 2, 4.5);
        }
        Assert.NotEqual(rows[0], rows[1]);
        Assert.True(rows.Select(row => Agreement.Top(row)).Distinct().Count() > 1);
    }

    [Theory]
    [InlineData("Q8_0")]
    [InlineData("Q4_K_M")]
    public void WeightsHaveTheDeviationThatKeepsActivations(string mix)
    {
        using GgufFile file = GgufFile.Open(Write("model.gguf", Small, Mix(mix)));
        Assert.All(file.Tensors.Where(tensor => tensor.Dimensions.Count == 2), tensor =>
        {
            float[] weights = Weights(tensor);
            double mean = weights.Average(weight => (double)weight);
            double deviation = Math.Sqrt(weights.Sum(weight => (weight - mean) * (weight - mean)) / weights.Length);
            double expected = (tensor.Name == "token_embd.weight" ? 3 : 1) / Math.Sqrt(tensor.Dimensions[0]);
            Assert.InRange(deviation / expected, 0.93, 1.1); // the smallest have 128 blocks
            Assert.InRange(mean / expected, -0.08, 0.08);
        });
    }

    [Fact]
    public void Q4_K_MMixesFormatsAsPublished()
    {
        using GgufFile file = GgufFile.Open(Write("model.gguf", Small, SyntheticMix.Q4_K_M));
        string[] better = [.. file.Tensors.Where(tensor => tensor.Type == GgmlType.Q6_K).Select(tensor => tensor.Name).Order(StringComparer.Ordinal)];

        // Of 8 blocks the first, the last, and every third between: 0, 3, 6, 7.
        string[] expected = [.. new[] { 0, 3, 6, 7 }.SelectMany(i => new[] { $"blk.{i}.attn_v.weight", $"blk.{i}.ffn_down.weight" }), "token_embd.weight"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), better);
        Assert.All(file.Tensors.Where(tensor => tensor.Dimensions.Count == 2 && tensor.Type != GgmlType.Q6_K), tensor => Assert.Equal(GgmlType.Q4_K, tensor.Type));
    }

    [Theory]
    [InlineData("qwen3:0.6b", "Q4_K_M", 396_705_472)]
    [InlineData("qwen3:0.6b", "Q8_0", 639_446_688)]
    [InlineData("qwen3:4b", "Q4_K_M", 2_497_281_120)]
    [InlineData("qwen3:8b", "Q4_K_M", 5_027_783_872)]
    public void TensorsWeighWhatThePublishedFilesDo(string name, string mix, long fileBytes)
    {
        Assert.True(SyntheticShape.TryFind(name, out SyntheticShape? shape));
        Assert.InRange(fileBytes - SyntheticModel.TensorBytes(shape, Mix(mix)), 5 << 20, 7 << 20); // the vocabulary
    }

    [Fact]
    public void TheSameSeedGivesTheSameBytesAndAnotherSeedOthers()
    {
        byte[] first = Hash(Write("a.gguf", Small, SyntheticMix.Q4_K_M, 7));
        Assert.Equal(first, Hash(Write("b.gguf", Small, SyntheticMix.Q4_K_M, 7)));
        Assert.NotEqual(first, Hash(Write("c.gguf", Small, SyntheticMix.Q4_K_M, 8)));
    }

    [Fact]
    public void TextGoesThroughMergesAndBack()
    {
        using LanguageModel model = LanguageModel.Load(Write("model.gguf", Small, SyntheticMix.Q8_0), new ModelOptions { Threads = 1 });
        string[] merges = model.File.Metadata.GetStrings("tokenizer.ggml.merges");
        Assert.Equal(Small.VocabularySize - 256 - 26 - 267, merges.Length);
        string word = merges[0].Replace(" ", "", StringComparison.Ordinal).Replace('Ġ', ' ');
        Assert.Single(model.Tokenizer.Encode(word, addSpecial: false, parseSpecial: false));

        const string text = "Grüße, 世界! <|im_start|>user 12";
        int[] tokens = model.Tokenizer.Encode(text, addSpecial: true, parseSpecial: true);
        Assert.Equal(text, model.Tokenizer.Decode(tokens));
        Assert.Contains(model.Tokenizer.Find("<|im_start|>")!.Value, tokens);
        Assert.True(model.Tokenizer.IsEndOfGeneration(model.Tokenizer.Find("<|im_end|>")!.Value));
    }

    [Fact]
    public void EveryMergeJoinsEarlierTokensIntoANewOne()
    {
        SyntheticVocabulary vocabulary = new(5000);
        Assert.Equal(5000, vocabulary.Pieces.Distinct(StringComparer.Ordinal).Count());
        Dictionary<string, int> ids = vocabulary.Pieces.Select((piece, id) => (piece, id)).ToDictionary(pair => pair.piece, pair => pair.id, StringComparer.Ordinal);
        for (int rank = 0; rank < vocabulary.Merges.Count; rank++)
        {
            string[] halves = vocabulary.Merges[rank].Split(' ');
            Assert.Equal(2, halves.Length);
            Assert.All(halves, half => Assert.InRange(ids[half], 0, 255 + rank));
            Assert.Equal(256 + rank, ids[halves[0] + halves[1]]);
        }
    }

    [Fact]
    public void StoppingLeavesNothingBehind()
    {
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => SyntheticModel.Write(PathOf("model.gguf"), Small, SyntheticMix.Q8_0, 0, stopped.Token));
        Assert.Empty(_folder.GetFiles());
    }

    private static SyntheticMix Mix(string name) => name == SyntheticMix.Q8_0.Name ? SyntheticMix.Q8_0 : SyntheticMix.Q4_K_M;

    private static byte[] Hash(string path) => SHA256.HashData(File.ReadAllBytes(path));

    private static unsafe float[] Weights(GgufTensor tensor)
    {
        float[] weights = new float[tensor.ElementCount];
        RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength), weights);
        return weights;
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private string Write(string name, SyntheticShape shape, SyntheticMix mix, ulong seed = 1)
    {
        SyntheticModel.Write(PathOf(name), shape, mix, seed);
        return PathOf(name);
    }
}
