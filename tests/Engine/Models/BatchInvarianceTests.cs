using LocalLlm.Engine.Cache;
using LocalLlm.Engine.Transformer;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>The law of docs/arithmetic.md end to end: a token's final state has the same bits whatever it is computed with.</summary>
public sealed class BatchInvarianceTests
{
    private static readonly string[] s_files = ["qwen3-q8_0.gguf", "qwen3-q4_k_m.gguf", "llama-q4_1.gguf", "qwen2-q8_0.gguf", "qwen3-f16.gguf"];

    public static TheoryData<string, SimdLevel> Cases
    {
        get
        {
            var data = new TheoryData<string, SimdLevel>();
            foreach (string file in s_files)
            {
                foreach (SimdLevel level in Engines.Levels)
                {
                    data.Add(file, level);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ChunksThreadsAndNeighboursChangeNothing(string file, SimdLevel level)
    {
        int[] text = [.. Enumerable.Range(0, 150).Select(i => (i * 37 + 11) % 490)];
        float[] oneByOne = States(file, level, threads: 1, [[.. text.Select(token => (0, token))], []], chunk: 1);
        Assert.Equal(oneByOne, States(file, level, threads: 2, [[.. text.Select(token => (0, token))], []], chunk: 150));
        Assert.Equal(oneByOne, States(file, level, threads: 2, [[.. text.Select(token => (0, token))], []], chunk: 33));

        // Among the tokens of a second sequence that is ahead by 70 positions.
        (int, int)[] head = [.. text.Take(70).Select(token => (1, token))];
        (int, int)[] mixed = [.. text.SelectMany((token, i) => i % 3 == 0 ? new[] { (1, token + 5), (0, token) } : [(0, token)])];
        Assert.Equal(oneByOne, States(file, level, threads: 2, [head, mixed], chunk: 40));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AnyWayOfCuttingGivesTheSameBits(string file, SimdLevel level)
    {
        // Cuts of 1 to 14 tokens: every kernel for few tokens, every remainder of those for many.
        const int Seeds = 4, Length = 90;
        (int, int)[] text = [.. Enumerable.Range(0, Length).Select(i => (0, (i * 53 + 7) % 490))];
        float[] whole = States(file, level, threads: 1, [text, []], chunk: Length);
        for (int seed = 1; seed <= Seeds; seed++)
        {
            Random random = new(seed);
            List<(int, int)[]> parts = [];
            for (int at = 0; at < Length; at += parts[^1].Length)
            {
                parts.Add(text[at..Math.Min(Length, at + random.Next(1, 15))]);
            }
            Assert.Equal(whole, States(file, level, threads: 1 + seed % 3, [.. parts], chunk: Length));
        }
    }

    [Theory]
    [InlineData("qwen3-q8_0.gguf")]
    [InlineData("qwen3-q4_k_m.gguf")]
    [InlineData("llama-q4_1.gguf")]
    [InlineData("qwen3-f16.gguf")]
    public void EverySimdLevelGivesTheSameBits(string file)
    {
        (int, int)[] text = [.. Enumerable.Range(0, 140).Select(i => (0, (i * 29 + 3) % 490))];
        float[] scalar = States(file, SimdLevel.Scalar, 1, [text, []], 64);
        Assert.All(SimdLevels.Supported, level => Assert.Equal(scalar, States(file, level, 2, [text, []], 64)));
    }

    /// <summary>Final states of sequence 0's tokens when the steps are evaluated in chunks.</summary>
    private static float[] States(string file, SimdLevel level, int threads, (int Sequence, int Token)[][] steps, int chunk)
    {
        using LanguageModel model = LanguageModel.Load(RepoPaths.Vector("models", file), new ModelOptions { Simd = level, Threads = threads });
        TransformerConfig config = model.Config;
        using var pool = new KvPool(config.BlockCount, config.HeadCountKv, config.KeyLength, config.ValueLength, KvType.F16, 32);
        var allocator = new KvBlockAllocator(32);
        using KvSequence first = new(allocator, 512), second = new(allocator, 512);
        var batch = new ForwardBatch(model.Transformer.BatchCapacity);
        var states = new List<float>();
        foreach ((int Sequence, int Token)[] part in steps.SelectMany(step => step.Chunk(chunk)))
        {
            batch.Clear();
            foreach ((int sequence, int token) in part)
            {
                batch.Add(token, sequence == 0 ? first : second, output: sequence == 0);
            }
            states.AddRange(model.Transformer.Forward(batch, pool));
        }
        return [.. states];
    }
}
