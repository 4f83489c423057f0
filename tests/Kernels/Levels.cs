namespace LocalLlm.Kernels.Tests;

/// <summary>
/// The SIMD levels that this run covers: the one that <c>LOCALLLM_SIMD</c> names if it is set, else all that the processor has.
/// A kernel's law takes the level as an argument: <c>[Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]</c>.
/// </summary>
public static class Levels
{
    /// <summary>What <c>LOCALLLM_SIMD</c> asks for; null if it is not set.</summary>
    public static string? Asked { get; } = Environment.GetEnvironmentVariable("LOCALLLM_SIMD") is { Length: > 0 } text ? text : null;

    /// <summary>The level in force for tests that run only one.</summary>
    public static SimdLevel InForce => SimdLevels.Parse(Asked);

    /// <summary>The levels of this run.</summary>
    public static IReadOnlyList<SimdLevel> Run => Asked is null ? SimdLevels.Supported : [InForce];

    /// <summary><see cref="Run"/> as test data.</summary>
    public static TheoryData<SimdLevel> All => [.. Run];

    /// <summary>Each level of <see cref="Run"/> with each of <paramref name="others"/>, as test data.</summary>
    public static TheoryData<SimdLevel, T> With<T>(IEnumerable<T> others)
    {
        TheoryData<SimdLevel, T> data = [];
        foreach (SimdLevel level in Run)
        {
            foreach (T other in others)
            {
                data.Add(level, other);
            }
        }
        return data;
    }
}
