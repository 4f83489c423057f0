using System.Diagnostics;
using System.Runtime.InteropServices;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Allocations;

/// <summary>A token costs nothing on the managed heap, from evaluating the one before to its number, all threads counted: see <see cref="AllocationProbe"/>.</summary>
public sealed class AllocationTests
{
    [Theory]
    [InlineData("qwen3-q4_k_m.gguf", "greedy", 2)]
    [InlineData("qwen3-q4_k_m.gguf", "greedy", 1)]
    [InlineData("qwen3-q8_0.gguf", "penalised", 2)]
    [InlineData("llama-q4_1.gguf", "nucleus", 2)]
    [InlineData("qwen2-q8_0.gguf", "whole", 3)]
    [InlineData("qwen3-f16.gguf", "nucleus", 2)]
    public async Task ATokenAllocatesNothing(string file, string sampling, int threads)
    {
        // The runtime that runs this test runs the probe, wherever it is installed.
        string dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        ProcessStartInfo start = new(Path.GetFullPath(dotnet), [typeof(AllocationProbe).Assembly.Location, RepoPaths.Vector("models", file), sampling, $"{threads}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Methods are compiled for good at their first call: the compiler allocates now and then (string literals, types) when it compiles them again behind.
            Environment = { ["DOTNET_TieredCompilation"] = "0" },
        };
        using Process probe = Process.Start(start)!;
        Task<string> error = probe.StandardError.ReadToEndAsync();
        string output = await probe.StandardOutput.ReadToEndAsync();
        await probe.WaitForExitAsync();
        Assert.Equal(("0\n", "", 0), (output.ReplaceLineEndings("\n"), await error, probe.ExitCode));
    }
}
