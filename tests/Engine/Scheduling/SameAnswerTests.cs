using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Tests.Generation;
using static LocalLlm.Engine.Tests.Generation.Requests;

namespace LocalLlm.Engine.Tests.Scheduling;

/// <summary>A request gives the same tokens whatever happens around it: alone or among others, cold or warm, preempted, guessed ahead, in any order.</summary>
public sealed class SameAnswerTests
{
    private const int Requests = 33;

    [Theory]
    [InlineData("qwen3-q8_0.gguf")]
    [InlineData("qwen3-q4_k_m.gguf")]
    [InlineData("llama-q4_1.gguf")]
    public async Task AmongOthersPreemptedWarmAndGuessed(string file)
    {
        GenerationRequest[] requests = [.. Enumerable.Range(0, Requests).Select(RequestOf)];
        string[] alone = new string[Requests];
        for (int i = 0; i < Requests; i++)
        {
            await using TextEngine cold = Tiny(options => options with { Speculation = false, Threads = 1 }, file);
            alone[i] = (await AskAsync(cold, requests[i])).Tokens;
        }

        await using (TextEngine roomy = Tiny(file: file))
        {
            Assert.Equal(alone, await TogetherAsync(roomy, requests));
            Assert.True(roomy.Status.AcceptedTokens > 0, "nothing was guessed right");
            Answer[] again = await Task.WhenAll(requests.Select(request => AskAsync(roomy, request)));
            Assert.Equal(alone, again.Select(answer => answer.Tokens));
            Assert.Contains(again, answer => answer.Started.CachedTokens > 32);
            Assert.Equal(0, roomy.Status.Preemptions);
        }
        await using (TextEngine tight = Tiny(options => options with { CacheBytes = CacheBytes(file, 640), MaxSequences = 16 }, file))
        {
            Assert.Equal(alone, await TogetherAsync(tight, requests));
            Assert.True(tight.Status.Preemptions > 0, "nobody had to give way");
            Assert.True(tight.Status.EvictedBlocks > 0, "no prefix had to make way");
            Assert.Equal(alone.Reverse(), await TogetherAsync(tight, [.. requests.Reverse()]));
            Assert.Equal(0, tight.Status.KvBlocksInUse);
        }
        await using (TextEngine plain = Tiny(options => options with { Speculation = false, BatchCapacity = 48 }, file))
        {
            Assert.Equal(alone, await TogetherAsync(plain, requests));
            Assert.Equal(0, plain.Status.DraftedTokens);
        }
    }

    private static async Task<string[]> TogetherAsync(TextEngine engine, GenerationRequest[] requests)
    {
        Answer[] answers = await Task.WhenAll(requests.Select(request => AskAsync(engine, request)));
        return [.. answers.Select(answer => answer.Tokens)];
    }

    /// <summary>Greedy, seeded and penalised requests; a third begin alike, a third repeat themselves, some outgrow their context.</summary>
    private static GenerationRequest RequestOf(int i)
    {
        string prompt = (i % 3) switch
        {
            0 => string.Concat(Enumerable.Repeat("the same words at the beginning ", 6)) + (char)('a' + (i % 20)),
            1 => string.Concat(Enumerable.Repeat($"ab{i} cd ", 12)),
            _ => new string((char)('a' + (i % 26)), 1 + (i % 7)) + " once",
        };
        SamplingOptions sampling = (i % 4) switch
        {
            0 => Greedy,
            1 => new SamplingOptions { Seed = i },
            2 => new SamplingOptions { Seed = i, Temperature = 1.2f, TopK = 0, TopP = 1 },
            _ => new SamplingOptions { Seed = i, RepeatPenalty = 1.1f, PresencePenalty = 0.5f },
        };
        return new GenerationRequest
        {
            Prompt = prompt,
            Client = $"{i % 5}",
            Sampling = sampling with { LogitBias = NoEnd },
            MaxTokens = 40 + (i % 5 * 10),
            ContextLength = i % 11 == 0 ? 48 : 256,
        };
    }
}
