using System.Text.RegularExpressions;
using LocalLlm.Kernels;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Cli;

public class DoctorCommandTests
{
    [Fact]
    public async Task ListsTheLevelsAndTheOneInForce()
    {
        CliUnderTest cli = new() { Variables = { ["LOCALLLM_SIMD"] = "scalar", ["LOCALLLM_THREADS"] = "7" } };
        Assert.Equal(0, await cli.RunAsync("doctor", "--simd"));
        string text = cli.Out.ToString();
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            string state = level == SimdLevel.Scalar ? "can run, in force" : SimdLevels.Supported.Contains(level) ? "can run" : "not on this machine";
            Assert.Matches($@"(^|\n){SimdLevels.Name(level)} +{state}\n", text);
        }
        Assert.Contains($"threads    7 of {Environment.ProcessorCount} logical processors\n", text);
        Assert.Matches(@"\nprocessor  \S", text);
        Assert.DoesNotContain("smollm2", text);
    }

    [Fact]
    public async Task WithoutAFlagItListsTheModelsToo()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("doctor"));
        Assert.Matches(@"\nsmollm2, smollm2:135m +bundled +fits +\S+\.gguf\n", cli.Out.ToString());
    }

    [Fact]
    public async Task DisassemblesTheAssembledKernels()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("doctor", "--kernels"));
        string text = cli.Out.ToString();
        Assert.Matches(@"(^|\n); Q8_0: 6 tokens x 32 rows of a packed panel\n[0-9A-F]{6} ", text);
        Assert.Matches(@"\n; Q4_K: 1 token x rows of the file\n", text);
        Assert.Contains("vpdpbusd", text);
        Assert.DoesNotContain("(bad)", text);
    }

    [Fact]
    public async Task DoctorVerifiesTheStore()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        CliUnderTest well = new() { Variables = { ["OLLAMA_MODELS"] = fixture.Root } };
        Assert.Equal(0, await well.RunAsync("doctor", "--store"));
        Assert.Matches($@"^store      {Regex.Escape(fixture.Root)}\nmodels     1\n([0-9a-f]{{12}}    right                 tiny:latest\n){{8}}$", well.Out.ToString());
        string blob = fixture.PathOf(fixture.Open().Find(StoreFixture.Name("tiny"))!.Manifest.Layers[2].Digest);
        File.WriteAllText(blob, "You are Tiny.");
        CliUnderTest ill = new() { Variables = { ["OLLAMA_MODELS"] = fixture.Root, ["LOCALLLM_STORE_READONLY"] = "1" } };
        Assert.Equal(1, await ill.RunAsync("doctor", "--store"));
        Assert.Matches(@"\n[0-9a-f]{12}    wrong bytes           tiny:latest\n", ill.Out.ToString());
        Assert.StartsWith("Error: 1 part of the model store '", ill.Error.ToString(), StringComparison.Ordinal);
    }
}
