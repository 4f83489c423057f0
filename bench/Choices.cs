using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>What the suites run over.</summary>
public static class Choices
{
    /// <summary>The level that <c>LOCALLLM_SIMD</c> asks for, else all that the processor has.</summary>
    public static IReadOnlyList<SimdLevel> Levels { get; } =
        Environment.GetEnvironmentVariable("LOCALLLM_SIMD") is { Length: > 0 } asked and not "auto" ? [SimdLevels.Parse(asked)] : SimdLevels.Supported;

    /// <summary>One thread, and as many as there are cores.</summary>
    public static IReadOnlyList<int> ThreadCounts { get; } = [.. new[] { 1, WorkerPool.DefaultThreads }.Distinct()];

    /// <summary>The formats with an integer dot product, and the three that are plain floats.</summary>
    public static IReadOnlyList<GgmlType> Formats { get; } =
    [
        GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K,
        GgmlType.F16, GgmlType.BF16, GgmlType.F32,
    ];

    /// <summary>
    /// The models of <c>LOCALLLM_BENCH_MODELS</c>, paths of GGUF files separated as in PATH; else the bundled one. Paths must be absolute,
    /// because benchmarks run in folders of their own.
    /// </summary>
    public static IReadOnlyList<BenchModel> Models { get; } =
        Environment.GetEnvironmentVariable("LOCALLLM_BENCH_MODELS") is { Length: > 0 } paths
            ? [.. paths.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(path => new BenchModel(path))]
            : [new BenchModel(Checkout.File("models", "SmolLM2-135M-Instruct.Q4_1.gguf"))];

    /// <summary>The bundled encoder, and another file of it, such as the F16 one, if <c>LOCALLLM_ALL_MINILM</c> names one (an absolute path).</summary>
    public static IReadOnlyList<BenchModel> Encoders { get; } =
        Environment.GetEnvironmentVariable("LOCALLLM_ALL_MINILM") is { Length: > 0 } path ? [BundledEncoder, new BenchModel(path)] : [BundledEncoder];

    private static BenchModel BundledEncoder => new(Checkout.File("models", "all-MiniLM-L6-v2.Q8_0.gguf"));
}

/// <summary>A model file to measure.</summary>
/// <param name="Path">Where it is.</param>
public sealed record BenchModel(string Path)
{
    /// <summary>The file's name, for the table.</summary>
    public override string ToString() => System.IO.Path.GetFileNameWithoutExtension(Path);
}
