using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Kernels.Assembled;

namespace LocalLlm.Kernels;

/// <summary>Which <see cref="SimdLevel"/>s this processor runs, and their names in flags, environment variables and logs.</summary>
public static class SimdLevels
{
    /// <summary>The levels that can run here, in ascending order of preference. <see cref="SimdLevel.Scalar"/> is always among them.</summary>
    public static IReadOnlyList<SimdLevel> Supported { get; } = [.. Enum.GetValues<SimdLevel>().Where(IsSupported)];

    /// <summary>The level that <c>auto</c> stands for: the most capable of <see cref="Supported"/>.</summary>
    public static SimdLevel Best => Supported[^1];

    /// <summary>True if processor and runtime can execute kernels of the level.</summary>
    /// <param name="level">Any level.</param>
    public static bool IsSupported(SimdLevel level) => level switch
    {
        SimdLevel.Scalar => true,
        SimdLevel.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        SimdLevel.AvxVnni => Avx2.IsSupported && Fma.IsSupported && AvxVnni.IsSupported,
        // IsHardwareAccelerated is false where 512-bit code would make the processor clock down, and where DOTNET_PreferredVectorBitWidth=256 asks to leave it.
        SimdLevel.Avx512 => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512BW.VL.IsSupported && Fma.IsSupported,
        SimdLevel.Avx512Vnni => AssembledKernels.ProcessorHasInstructions && ExecutableMemory.Refusal.Length == 0,
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "Not a SIMD level."),
    };

    /// <summary>Why a level that the processor has can't run all the same, one sentence for the user; null if there is no such level.</summary>
    public static string? Remark { get; } = AssembledKernels.ProcessorHasInstructions && ExecutableMemory.Refusal.Length > 0
        ? $"The SIMD level '{Name(SimdLevel.Avx512Vnni)}' can't be used here ({ExecutableMemory.Refusal}); '{Name(SimdLevel.Avx512)}' is the best, with slower prompts."
        : null;

    /// <summary>Starts on another thread what a level needs before its first product. Not needed for correctness.</summary>
    /// <param name="level">A level that can run.</param>
    /// <returns>Done when the other thread is.</returns>
    public static Task Prepare(SimdLevel level) => level == SimdLevel.Avx512Vnni ? AssembledKernels.Prepare() : Task.CompletedTask;

    /// <summary>The level without what is assembled at run time: the intrinsics that everything but matrix products uses.</summary>
    internal static SimdLevel Intrinsics(SimdLevel level) => level == SimdLevel.Avx512Vnni ? SimdLevel.Avx512 : level;

    /// <summary>The level's name as flags and logs spell it: <c>scalar</c>, <c>avx2</c>, <c>avxvnni</c>, <c>avx512</c> or <c>avx512vnni</c>.</summary>
    /// <param name="level">Any level.</param>
    public static string Name(SimdLevel level) => level switch
    {
        SimdLevel.Scalar => "scalar",
        SimdLevel.Avx2 => "avx2",
        SimdLevel.AvxVnni => "avxvnni",
        SimdLevel.Avx512 => "avx512",
        SimdLevel.Avx512Vnni => "avx512vnni",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "Not a SIMD level."),
    };

    /// <summary>The level that a flag or an environment variable asks for.</summary>
    /// <param name="text">A level's name in any case; null, empty and <c>auto</c> mean <see cref="Best"/>.</param>
    /// <exception cref="ArgumentException">The name is unknown, or the level can't run here. The message is one sentence that says what can.</exception>
    public static SimdLevel Parse(string? text)
    {
        string name = text?.Trim() ?? "";
        if (name.Length == 0 || name.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            return Best;
        }
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            if (name.Equals(Name(level), StringComparison.OrdinalIgnoreCase))
            {
                return IsSupported(level)
                    ? level
                    : throw new ArgumentException($"This processor can't run the SIMD level '{Name(level)}'; it can run auto, {SupportedNames}.");
            }
        }
        throw new ArgumentException($"Unknown SIMD level '{name}'; this processor can run auto, {SupportedNames}.");
    }

    private static string SupportedNames => string.Join(", ", Supported.Select(Name));
}
