using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>The model cut down to compile kernels with is one that computes, whatever formats and shapes the real one has.</summary>
public sealed class KernelWarmUpTests
{
    public static TheoryData<string, SimdLevel> Cases
    {
        get
        {
            TheoryData<string, SimdLevel> data = [];
            string[] small = [.. Directory.EnumerateFiles(RepoPaths.Vector("models"), "*.gguf").Order(StringComparer.Ordinal)];
            foreach (string file in (string[])[.. small, Engines.SmolLm2])
            {
                foreach (SimdLevel level in Engines.Levels)
                {
                    data.Add(Path.GetRelativePath(RepoPaths.Root, file), level);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryModelCanBeCutDown(string path, SimdLevel level)
    {
        using GgufFile file = GgufFile.Open(Path.Combine(RepoPaths.Root, path));
        TransformerConfig config = TransformerConfig.Read(file);
        TransformerWeights weights = TransformerWeights.Read(file, config);
        foreach (ActivationType activations in Enum.GetValues<ActivationType>())
        {
            KernelWarmUp warmUp = new(config, weights, new ModelOptions { Simd = level, Activations = activations });
            warmUp.Dispose();
            Assert.Null(warmUp.Failure);
        }
    }
}
