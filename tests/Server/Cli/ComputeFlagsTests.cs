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
        Assert.Equal(KvType.Q8_0, (await OptionsAsync(variables, "--kv", "q8_0")).KeyValueType);
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

    [Theory]
    [InlineData("q8_0", KvType.Q8_0, "")]
    [InlineData("q4_0", KvType.Q8_0, "Warning: OLLAMA_KV_CACHE_TYPE is \"q4_0\", which is not f16, f32 or q8_0; q8_0 is used.\n")]
    [InlineData("bf16", KvType.F16, "Warning: OLLAMA_KV_CACHE_TYPE is \"bf16\", which is not f16, f32 or q8_0; f16 is used.\n")]
    public async Task CacheTypesOfOllamaAreTakenOrAreAWarning(string type, KvType used, string warning)
    {
        CliUnderTest cli = new() { Engine = new ScriptedEngine(), Variables = { ["OLLAMA_KV_CACHE_TYPE"] = type } };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "hi"));
        Assert.Equal(warning, cli.Error.ToString());
        Assert.Equal(used, Assert.Single(cli.Opened).Options.KeyValueType);
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
