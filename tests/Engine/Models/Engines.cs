using LocalLlm.Engine.Generation;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>The settings that every model test runs under.</summary>
internal static class Engines
{
    /// <summary>The level that <c>LOCALLLM_SIMD</c> asks for, else all that the processor has.</summary>
    public static IReadOnlyList<SimdLevel> Levels { get; } =
        Environment.GetEnvironmentVariable("LOCALLLM_SIMD") is { Length: > 0 } asked and not "auto" ? [SimdLevels.Parse(asked)] : SimdLevels.Supported;

    /// <summary>All levels, as theory data.</summary>
    public static TheoryData<SimdLevel> LevelData => [.. Levels];

    /// <summary>All levels with 1 and 2 threads.</summary>
    public static TheoryData<SimdLevel, int> LevelsAndThreads
    {
        get
        {
            var data = new TheoryData<SimdLevel, int>();
            foreach (SimdLevel level in Levels)
            {
                data.Add(level, 1);
                data.Add(level, 2);
            }
            return data;
        }
    }

    /// <summary>The bundled model.</summary>
    public static string SmolLm2 { get; } = Path.Combine(LocalLlm.Tests.RepoPaths.Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf");

    public static float[] ReadFloats(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        var values = new float[bytes.Length / sizeof(float)];
        Buffer.BlockCopy(bytes, 0, values, 0, bytes.Length);
        return values;
    }

    /// <summary>Logits after the last token.</summary>
    public static float[] LastLogits(LanguageModel model, int[] tokens)
    {
        float[] result = [];
        model.ComputeLogits(tokens, all: false, row => result = row.ToArray());
        return result;
    }

    /// <summary>The likeliest token after a prompt, the likeliest after that, and so on.</summary>
    public static int[] Greedy(LanguageModel model, int[] prompt, int count)
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
