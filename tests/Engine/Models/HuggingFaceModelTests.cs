using System.Text.Json;
using LocalLlm.Engine.Generation;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>RoPE scaling (Llama 3 and YaRN) and BF16 weights against Hugging Face transformers in float32 (tests/Vectors/hf).</summary>
public sealed class HuggingFaceModelTests
{
    public static TheoryData<string, SimdLevel, int, KvType, double> Cases
    {
        get
        {
            var data = new TheoryData<string, SimdLevel, int, KvType, double>();
            foreach (string name in new[] { "llama3", "yarn" })
            {
                foreach (SimdLevel level in Engines.Levels)
                {
                    data.Add(name, level, 1, KvType.F32, 1e-3);
                    data.Add(name, level, 2, KvType.F32, 1e-3);
                    data.Add(name, level, 2, KvType.F16, 0.03);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsAndGreedyTokensAgree(string name, SimdLevel level, int threads, KvType cache, double tolerance)
    {
        var options = new ModelOptions { Simd = level, Threads = threads, KeyValueType = cache };
        using LanguageModel model = LanguageModel.Load(RepoPaths.Vector("hf", "gguf", $"{name}.BF16.gguf"), options);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", name, "expected.json")));
        foreach (JsonElement test in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            int[] tokens = [.. test.GetProperty("ids").EnumerateArray().Select(token => token.GetInt32())];
            float[] expected = Engines.ReadFloats(RepoPaths.Vector("hf", name, test.GetProperty("logits").GetString()!));
            float[] actual = Engines.LastLogits(model, tokens);
            Assert.InRange(Agreement.MaxError(expected, actual), 0, tolerance);
            Assert.Equal(test.GetProperty("top_ids")[0].GetInt32(), Agreement.Top(actual));

            int[] greedy = [.. test.GetProperty("greedy16").EnumerateArray().Select(token => token.GetInt32())];
            Assert.Equal(greedy, Greedy(model, tokens, greedy.Length));
        }
    }

    private static int[] Greedy(LanguageModel model, int[] prompt, int count)
    {
        using SequenceDecoder decoder = model.CreateDecoder(prompt.Length + count);
        var result = new int[count];
        Span<float> logits = decoder.Evaluate(prompt, default);
        for (int i = 0; i < count; i++)
        {
            result[i] = Agreement.Top(logits);
            logits = decoder.Evaluate([result[i]], default);
        }
        return result;
    }
}
