using LocalLlm.Engine;
using LocalLlm.Kernels;

namespace LocalLlm.Server.Tests.Cli;

/// <summary>What the options and variables of computing commands put in force.</summary>
public class ComputeFlagsTests
{
    [Fact]
    public async Task NothingGivenMeansTheBest()
    {
        Assert.Equal(
            new ModelOptions { Simd = SimdLevels.Best, Threads = WorkerPool.DefaultThreads, KeyValueType = KvType.F16, Activations = ActivationType.Q8, ContextLength = null },
            await OptionsAsync([]));
    }

    [Fact]
    public async Task OptionsGoBeforeVariables()
    {
        Dictionary<string, string> variables = new()
        {
            ["LOCALLLM_SIMD"] = SimdLevels.Name(SimdLevels.Best),
            ["LOCALLLM_THREADS"] = "3",
            ["OLLAMA_KV_CACHE_TYPE"] = "F32",
            ["OLLAMA_CONTEXT_LENGTH"] = "100",
        };
        Assert.Equal(
            new ModelOptions { Simd = SimdLevels.Best, Threads = 3, KeyValueType = KvType.F32, ContextLength = 100 },
            await OptionsAsync(variables));
        Assert.Equal(
            new ModelOptions { Simd = SimdLevel.Scalar, Threads = 2, KeyValueType = KvType.F16, Activations = ActivationType.F32, ContextLength = 50 },
            await OptionsAsync(variables, "--simd", "Scalar", "--threads", "2", "--kv", "f16", "--activations", "F32", "--ctx", "50"));
    }

    [Theory]
    [InlineData("LOCALLLM_THREADS", "0", "LOCALLLM_THREADS must be a whole number from 1 to 1024, not '0'.")]
    [InlineData("LOCALLLM_SIMD", "neon", "Unknown SIMD level 'neon'")]
    public async Task AWrongVariableIsAnError(string name, string value, string sentence)
    {
        CliUnderTest cli = new() { Engine = new ScriptedEngine(), Variables = { [name] = value } };
        Assert.StartsWith(sentence, await cli.FailAsync("run", "smollm2", "hi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnknownLevelNamesTheLevelsThatCanRun()
    {
        string sentence = await new CliUnderTest { Engine = new ScriptedEngine() }.FailAsync("run", "smollm2", "hi", "--simd", "sse9");
        Assert.All(SimdLevels.Supported, level => Assert.Contains(SimdLevels.Name(level), sentence, StringComparison.Ordinal));
        Assert.EndsWith(".", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AQuantizedCacheOfOllamaIsAWarning()
    {
        CliUnderTest cli = new() { Engine = new ScriptedEngine(), Variables = { ["OLLAMA_KV_CACHE_TYPE"] = "q8_0" } };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "hi"));
        Assert.Equal("Warning: OLLAMA_KV_CACHE_TYPE is \"q8_0\", which is not f16 or f32; f16 is used.\n", cli.Error.ToString());
        Assert.Equal(KvType.F16, Assert.Single(cli.Opened).Options.KeyValueType);
    }

    private static async Task<ModelOptions> OptionsAsync(Dictionary<string, string> variables, params string[] flags)
    {
        CliUnderTest cli = new() { Engine = new ScriptedEngine() };
        foreach ((string name, string value) in variables)
        {
            cli.Variables.Add(name, value);
        }
        Assert.Equal(0, await cli.RunAsync(["run", "smollm2", "hi", .. flags]));
        return Assert.Single(cli.Opened).Options;
    }
}
