using LocalLlm.Server.Models;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Models;

public sealed class ContextBudgetTests
{
    private const long GiB = 1L << 30;

    [Fact]
    public void CacheOfAPublishedModelIsCounted()
    {
        GgufFacts facts = GgufFacts.Read(Path.Combine(RepoPaths.Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        Assert.Equal(30 * 3 * (64 + 64) * 2, facts.CacheBytesPerPosition); // layers, cached heads, key and value, F16
    }

    [Theory]
    [InlineData(2048, 16, 2048)] // as asked
    [InlineData(1_000_000, 1024, 131072)] // as trained
    [InlineData(131072, 9, 32768)] // (9 - 1) GiB / 2 / 128 KiB
    [InlineData(131072, 1, 4096)] // the default is always granted
    public void LeastOfWishTrainingAndMemoryIsGranted(int wanted, long gibibytes, int granted)
    {
        GgufFacts facts = GgufFacts.Read(RepoPaths.Vector("models", "llama-q4_1.gguf")) with
        {
            ContextLength = 131072,
            CacheBytesPerPosition = 128 << 10,
            FileBytes = GiB,
        };
        Assert.Equal(granted, ContextBudget.Limit(wanted, facts, gibibytes * GiB));
    }
}
