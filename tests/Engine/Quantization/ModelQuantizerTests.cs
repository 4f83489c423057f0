using System.Runtime.InteropServices;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Quantization;
using LocalLlm.Engine.Tests.Generation;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Quant;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Quantization;

/// <summary>Models in other formats: that they say and compute what the original does, and that the bytes depend on nothing but the plan.</summary>
public sealed class ModelQuantizerTests : IDisposable
{
    private static readonly string s_original = RepoPaths.Vector("models", "qwen3-f16.gguf");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-quantize-");

    // KL divergence from the original's logits; measured, and a half more.
    public static TheoryData<string, double> Recipes => new()
    {
        { "F32", 1e-9 }, { "F16", 1e-9 }, { "BF16", 5e-4 }, { "Q8_0", 3e-3 }, { "Q6_K", 0.033 }, { "Q5_1", 0.07 }, { "Q5_K_M", 0.15 },
        { "Q5_K_S", 0.15 }, { "Q5_0", 0.1 }, { "Q4_1", 0.28 }, { "Q4_K_M", 0.33 }, { "Q4_K_S", 0.28 }, { "Q4_0", 0.45 },
    };

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Recipes))]
    public void ModelsComputeWhatTheOriginalDoes(string recipe, double divergence)
    {
        string path = Quantize(s_original, recipe);
        ModelOptions options = new() { Threads = 2, Activations = ActivationType.F32, KeyValueType = KvType.F32 };
        using LanguageModel original = LanguageModel.Load(s_original, options), model = LanguageModel.Load(path, options);
        Assert.Equal(recipe, model.Description.Quantization);
        int[] tokens = [.. Enumerable.Range(30, 70)];
        float[] expected = Engines.LastLogits(original, tokens), actual = Engines.LastLogits(model, tokens);
        Assert.InRange(Agreement.Divergence(expected, actual), -1e-9, divergence);
    }

    [Theory]
    [InlineData("Q8_0")]
    [InlineData("Q4_K_M")]
    [InlineData("Q5_0")]
    public unsafe void EveryTensorIsTheEncodingOfItsSource(string recipe)
    {
        using GgufFile original = GgufFile.Open(s_original), result = GgufFile.Open(Quantize(s_original, recipe));
        Assert.Equal(original.Tensors.Select(tensor => tensor.Name), result.Tensors.Select(tensor => tensor.Name));
        foreach (GgufTensor tensor in result.Tensors)
        {
            GgufTensor source = original.Get(tensor.Name);
            Assert.Equal(source.Dimensions, tensor.Dimensions);
            Assert.Equal(source.Dimensions.Count < 2, tensor.Type == GgmlType.F32);
            byte[] expected = new byte[tensor.ByteLength];
            RowEncoder.Encode(tensor.Type, Weights(source), expected);
            Assert.Equal(expected, new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength));
        }
    }

    [Fact]
    public void MetadataStayButForTheFileType()
    {
        using GgufFile original = GgufFile.Open(s_original), result = GgufFile.Open(Quantize(s_original, "Q4_K_M"));
        Assert.Equal(15, result.Metadata.GetInt32("general.file_type"));
        Assert.Equal(2, result.Metadata.GetInt32("general.quantization_version"));
        string[] quantization = ["general.file_type", "general.quantization_version"];
        Assert.Equal(
            original.Metadata.Select(entry => entry.Key).Except(quantization, StringComparer.Ordinal),
            result.Metadata.Select(entry => entry.Key).Except(quantization, StringComparer.Ordinal));
        Assert.Equal(original.Metadata.GetStrings("tokenizer.ggml.tokens"), result.Metadata.GetStrings("tokenizer.ggml.tokens"));
    }

    [Fact]
    public void AnyNumberOfThreadsGivesTheSameBytes()
    {
        byte[] one = File.ReadAllBytes(Quantize(s_original, "Q4_K_M", threads: 1));
        foreach (int threads in new[] { 2, 3, 7 })
        {
            Assert.Equal(one, File.ReadAllBytes(Quantize(s_original, "Q4_K_M", threads)));
        }
    }

    [Fact]
    public unsafe void PiecesMayEndInsideTheBlocksOfTheSource()
    {
        // 2 million weights are several pieces of Q5_0, whose lengths are no multiples of 256.
        const int Columns = 512, Rows = 4096;
        float[] weights = new float[Columns * Rows];
        Random random = new(5);
        foreach (ref float weight in weights.AsSpan())
        {
            weight = random.NextSingle() - 0.5f;
        }
        byte[] encoded = new byte[GgmlTypes.RowBytes(GgmlType.Q6_K, weights.Length)];
        RowEncoder.Encode(GgmlType.Q6_K, weights, encoded);
        GgufWriter writer = new();
        writer.AddTensor("blk.0.ffn_up.weight", GgmlType.Q6_K, [Columns, Rows], encoded);
        writer.Write(PathOf("source.gguf"));

        using GgufFile result = GgufFile.Open(Quantize(PathOf("source.gguf"), "Q5_0", threads: 2));
        GgufTensor tensor = Assert.Single(result.Tensors);
        RowDecoder.Decode(GgmlType.Q6_K, encoded, weights);
        byte[] expected = new byte[GgmlTypes.RowBytes(GgmlType.Q5_0, weights.Length)];
        RowEncoder.Encode(GgmlType.Q5_0, weights, expected);
        Assert.True(expected.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength)));
    }

    [Fact]
    public void WhatBearsNoRoundingStays()
    {
        GgufWriter writer = new();
        string[] kept = ["blk.0.attn_norm.weight", "blk.0.attn_q.bias", "position_embd.weight", "blk.0.ffn_gate_inp.weight", "blk.0.attn_q_norm.weight", "rope_freqs.weight"];
        foreach (string name in kept)
        {
            long[] shape = name is "blk.0.attn_norm.weight" or "rope_freqs.weight" ? [256] : [256, 2];
            writer.AddTensor(name, GgmlType.F32, shape, new byte[4 * 256 * shape.Skip(1).FirstOrDefault(1)]);
        }
        writer.AddTensor("numbers.weight", GgmlType.I32, [256, 2], new byte[4 * 512]);
        writer.AddTensor("blk.0.attn_q.weight", GgmlType.F32, [256, 2], new byte[4 * 512]);
        writer.Write(PathOf("source.gguf"));
        using GgufFile result = GgufFile.Open(Quantize(PathOf("source.gguf"), "Q8_0"));
        Assert.Equal("blk.0.attn_q.weight", Assert.Single(result.Tensors, tensor => tensor.Type == GgmlType.Q8_0).Name);
        Assert.Equal(GgmlType.I32, result.Get("numbers.weight").Type);
        Assert.All(kept, name => Assert.Equal(GgmlType.F32, result.Get(name).Type));
    }

    [Fact]
    public void ASplitModelBecomesOneFile()
    {
        for (int part = 0; part < 2; part++)
        {
            GgufWriter writer = new();
            writer.Add("general.name", "split");
            writer.Add("split.no", (ushort)part);
            writer.Add("split.count", (ushort)2);
            writer.Add("split.tensors.count", 2);
            writer.AddTensor($"blk.{part}.attn_q.weight", GgmlType.F32, [256, 2], new byte[4 * 512]);
            writer.Write(PathOf($"model-{part + 1:D5}-of-00002.gguf"));
        }
        using GgufFile result = GgufFile.Open(Quantize(PathOf("model-00001-of-00002.gguf"), "Q8_0"));
        Assert.Equal(["blk.0.attn_q.weight", "blk.1.attn_q.weight"], result.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(["general.name", "general.file_type", "general.quantization_version"], result.Metadata.Select(entry => entry.Key));
    }

    [Theory]
    [InlineData(float.NaN, "NaN is not a finite number")]
    [InlineData(float.NegativeInfinity, "is not a finite number")]
    [InlineData(1e6f, "too large for Q4_0")]
    public void WeightsThatCannotBeStoredAreNamedAndNothingIsLeft(float weight, string expected)
    {
        float[] weights = new float[256 * 40];
        weights[256 * 37 + 5] = weight;
        GgufWriter writer = new();
        writer.AddTensor("blk.0.attn_q.weight", GgmlType.F32, [256, 40], MemoryMarshal.AsBytes(weights.AsSpan()));
        writer.Write(PathOf("source.gguf"));
        TextEngineException error = Assert.Throws<TextEngineException>(() => Quantize(PathOf("source.gguf"), "Q4_0"));
        Assert.Contains("'blk.0.attn_q.weight'", error.Message, StringComparison.Ordinal);
        Assert.Contains("row 37, column 5", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public void FormatsThatCannotBeDecodedAreNamed()
    {
        GgufWriter writer = new();
        writer.AddTensor("blk.0.attn_q.weight", GgmlType.IQ2_XXS, [256], new byte[66]);
        writer.AddTensor("blk.0.attn_k.weight", GgmlType.IQ2_XXS, [256, 2], new byte[132]);
        writer.Write(PathOf("source.gguf"));
        TextEngineException error = Assert.Throws<TextEngineException>(() => Quantize(PathOf("source.gguf"), "Q4_0"));
        Assert.Contains("'blk.0.attn_k.weight' is stored as IQ2_XXS", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StoppingLeavesNothingBehind()
    {
        using CancellationTokenSource stopped = new();
        using GgufFile file = GgufFile.Open(s_original);
        QuantizationPlan plan = QuantizationPlan.Of(file, Find("Q8_0"));
        Assert.ThrowsAny<OperationCanceledException>(() => ModelQuantizer.Write(plan, PathOf("x.gguf"), 2, done => stopped.Cancel(), stopped.Token));
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task TheBundledModelStillAnswers()
    {
        // From Q4_1 by way of F16, where nothing is lost that matters, to Q8_0.
        string halves = Quantize(Engines.SmolLm2, "F16");
        await using TextEngine engine = Requests.Load(Quantize(halves, "Q8_0"));
        Answer answer = await Requests.AskAsync(engine, new GenerationRequest
        {
            Messages = [new ChatMessage { Role = "user", Content = "What is the capital of France?" }],
            Sampling = Requests.Greedy,
            MaxTokens = 32,
        });
        Assert.Equal("The capital of France is Paris.", answer.Text);
    }

    private static QuantizationRecipe Find(string name)
    {
        Assert.True(QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe));
        return recipe;
    }

    private static unsafe float[] Weights(GgufTensor tensor)
    {
        float[] weights = new float[tensor.ElementCount];
        RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength), weights);
        return weights;
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private string Quantize(string source, string recipe, int threads = 2)
    {
        string path = PathOf($"{recipe}-{threads}.gguf");
        using GgufFile file = GgufFile.Open(source);
        long done = 0;
        QuantizationPlan plan = QuantizationPlan.Of(file, Find(recipe));
        ModelQuantizer.Write(plan, path, threads, bytes => done = bytes);
        Assert.Equal(plan.Bytes, done);
        return path;
    }
}
