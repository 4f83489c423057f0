using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Tests;
using static LocalLlm.Engine.Tests.Generation.Requests;

namespace LocalLlm.Engine.Tests.Generation;

/// <summary>Requests through the in-process engine: answers, limits, truncation, shifting, order and cancellation.</summary>
public sealed class TextEngineTests
{
    [Fact]
    public async Task TheBundledModelAnswers()
    {
        await using TextEngine engine = Load(Engines.SmolLm2);
        Answer answer = await AskAsync(engine, new GenerationRequest
        {
            Messages = [new ChatMessage { Role = "user", Content = "What is the capital of France?" }],
            Sampling = Greedy,
            MaxTokens = 32,
        });
        Assert.Equal("The capital of France is Paris.", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.Finished.Reason);
        Assert.Equal(answer.Finished.Usage.PromptTokens + answer.Finished.Usage.GeneratedTokens, answer.Finished.Context.Count);
        Assert.Null(answer.Finished.Truncation);
    }

    [Fact]
    public async Task ASecondTurnEvaluatesOnlyWhatIsNew()
    {
        await using TextEngine engine = Load(Engines.SmolLm2), fresh = Load(Engines.SmolLm2);
        var first = new ChatMessage { Role = "user", Content = "What is the capital of France?" };
        Answer one = await AskAsync(engine, new GenerationRequest { Messages = [first], Sampling = Greedy, MaxTokens = 32 });
        var second = new GenerationRequest
        {
            Messages = [first, new ChatMessage { Role = "assistant", Content = one.Text }, new ChatMessage { Role = "user", Content = "And of Italy?" }],
            Sampling = Greedy,
            MaxTokens = 24,
        };
        Answer warm = await AskAsync(engine, second), cold = await AskAsync(fresh, second);
        Assert.True(warm.Started.CachedTokens > one.Started.PromptTokens);
        Assert.Equal(0, cold.Started.CachedTokens);
        Assert.Equal(cold.Text, warm.Text);
    }

    [Fact]
    public async Task SeedsRepeatAndTokenLimitsHold()
    {
        await using TextEngine engine = Tiny();
        var request = new GenerationRequest { Prompt = "the", Sampling = new SamplingOptions { Seed = 7, Temperature = 1.5f, TopK = 0, TopP = 1 }, MaxTokens = 20 };
        Answer one = await AskAsync(engine, request), two = await AskAsync(engine, request);
        Answer other = await AskAsync(engine, request with { Sampling = request.Sampling with { Seed = 8 } });
        Assert.Equal(one.Text, two.Text);
        Assert.NotEqual(one.Text, other.Text);
        Assert.InRange(one.Finished.Usage.GeneratedTokens, 1, 20);
        Answer none = await AskAsync(engine, request with { MaxTokens = 0 });
        Assert.Equal(("", FinishReason.Length), (none.Text, none.Finished.Reason));
    }

    [Fact]
    public async Task StopTextsAreCutAndLogProbabilitiesCountEveryToken()
    {
        await using TextEngine engine = Load(Engines.SmolLm2);
        var request = new GenerationRequest
        {
            Messages = [new ChatMessage { Role = "user", Content = "What is the capital of France?" }],
            Sampling = Greedy,
            MaxTokens = 32,
            Stop = ["France is"],
        };
        Assert.Equal("The capital of ", (await AskAsync(engine, request)).Text);

        Answer counted = await AskAsync(engine, request with { Stop = [], MaxTokens = 5, LogProbabilities = true, TopLogProbabilities = 3 });
        Assert.Equal(5, counted.LogProbabilities.Count);
        Assert.All(counted.LogProbabilities, entry =>
        {
            Assert.True(entry.LogProbability <= 0);
            Assert.Equal(3, entry.Top.Count);
            Assert.Equal(entry.Token, entry.Top[0].Token);      // greedy
            Assert.True(entry.Top[0].LogProbability >= entry.Top[1].LogProbability);
        });
        Assert.Equal(counted.Text, string.Concat(counted.LogProbabilities.Select(entry => entry.Text)));
    }

    [Fact]
    public async Task APromptThatIsTooLongIsCutAndReportedOrRefused()
    {
        await using TextEngine engine = Tiny();
        int[] words = await engine.TokenizeAsync(string.Concat(Enumerable.Repeat("ab cd ", 100)), false, false);
        var request = new GenerationRequest { Prompt = string.Concat(Enumerable.Repeat("ab cd ", 100)), ContextLength = 64, MaxTokens = 2, Keep = 4, Sampling = Greedy };
        Answer cut = await AskAsync(engine, request);
        Assert.Equal(64 - ((64 - 4) / 2), cut.Started.PromptTokens);
        Assert.Equal(new Truncation(0, words.Length - cut.Started.PromptTokens, cut.Started.PromptTokens), cut.Started.Truncation);

        foreach (GenerationRequest strict in new[] { request with { Truncate = false }, request with { Shift = false } })
        {
            var refused = await Assert.ThrowsAsync<TextEngineException>(() => AskAsync(engine, strict));
            Assert.Equal(TextEngineErrorKind.ContextOverflow, refused.Kind);
            Assert.Contains("exceeds the context length of 64", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task OldMessagesGoFirstAndTheSystemMessageStays()
    {
        await using TextEngine engine = Load(Engines.SmolLm2);
        ChatMessage[] messages =
        [
            new() { Role = "system", Content = "Answer in one word." },
            .. Enumerable.Range(0, 12).Select(i => new ChatMessage { Role = i % 2 == 0 ? "user" : "assistant", Content = $"Message number {i} with some words in it." }),
            new() { Role = "user", Content = "What is the capital of France?" },
        ];
        var request = new GenerationRequest { Messages = messages, ContextLength = 128, MaxTokens = 4, Sampling = Greedy };
        Answer answer = await AskAsync(engine, request);
        Truncation truncation = Assert.IsType<Truncation>(answer.Started.Truncation);
        Assert.InRange(truncation.DroppedMessages, 1, 12);
        Assert.InRange(answer.Started.PromptTokens, 1, 128);
        string kept = await engine.DetokenizeAsync([.. answer.Finished.Context]);
        Assert.Contains("Answer in one word.", kept, StringComparison.Ordinal);
        Assert.Contains("capital of France", kept, StringComparison.Ordinal);
        Assert.DoesNotContain("number 0", kept, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFullContextShiftsOrEndsTheAnswer()
    {
        await using TextEngine engine = Tiny();
        // The bias keeps the model from ending its turn.
        var sampling = new SamplingOptions { Temperature = 0, LogitBias = NoEnd };
        var request = new GenerationRequest { Prompt = "the", ContextLength = 32, MaxTokens = 100, Sampling = sampling };
        Answer shifted = await AskAsync(engine, request);
        Assert.Equal(100, shifted.Finished.Usage.GeneratedTokens);
        Assert.True(shifted.Finished.Truncation!.DroppedTokens >= 14);

        Answer ended = await AskAsync(engine, request with { Shift = false });
        Assert.Equal(FinishReason.Length, ended.Finished.Reason);
        Assert.InRange(ended.Finished.Usage.GeneratedTokens, 30, 33);
        Assert.Equal(ended.Finished.Context, shifted.Finished.Context.Take(ended.Finished.Context.Count));
    }

    [Fact]
    public async Task RequestsWaitTheirTurnAndACancelledOneLeavesNothingBehind()
    {
        await using TextEngine engine = Tiny();
        var sampling = new SamplingOptions { Temperature = 0, LogitBias = NoEnd };
        var request = new GenerationRequest { Prompt = "the", MaxTokens = 40, Sampling = sampling };
        string alone = (await AskAsync(engine, request)).Text;

        using var stop = new CancellationTokenSource();
        Task endless = Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationEvent item in engine.GenerateAsync(request with { MaxTokens = null }, stop.Token))
            {
                if (item is TextDelta)
                {
                    await stop.CancelAsync();
                }
            }
        });
        Task<Answer>[] waiting = [.. Enumerable.Range(0, 8).Select(_ => AskAsync(engine, request))];
        await endless;
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(alone, answer.Text));
    }

    [Fact]
    public async Task AReaderThatLeavesStopsTheGeneration()
    {
        await using TextEngine engine = Tiny();
        await foreach (GenerationEvent item in engine.GenerateAsync(new GenerationRequest { Prompt = "the", Sampling = Greedy }))
        {
            break;
        }
        Assert.NotEmpty((await AskAsync(engine, new GenerationRequest { Prompt = "the", MaxTokens = 3, Sampling = Greedy })).Finished.Context);
    }

    [Fact]
    public async Task EmbeddingsAreNormalisedAndCut()
    {
        await using TextEngine engine = Load(RepoPaths.Vector("models", "qwen3-embedding.gguf"));
        EmbeddingResult both = await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["one", "two words", ""] });
        EmbeddingResult one = await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["one"], Dimensions = 16 });
        Assert.Equal(3, both.Vectors.Count);
        Assert.All(both.Vectors, vector => Assert.InRange(vector.Sum(x => (double)x * x), 0.9999, 1.0001));
        Assert.Equal(16, one.Vectors[0].Length);
        Assert.InRange(Agreement.Cosine(one.Vectors[0], both.Vectors[0].AsSpan(0, 16)), 0.999999, 1.000001);

        string tooLong = string.Concat(Enumerable.Repeat("ab ", 400));
        EmbeddingResult cut = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [tooLong], ContextLength = 20 });
        Assert.Equal(20, cut.PromptTokens);
        var refused = await Assert.ThrowsAsync<TextEngineException>(() => engine.EmbedAsync(new EmbeddingRequest { Inputs = [tooLong], ContextLength = 20, Truncate = false }));
        Assert.Contains("exceeds the context length", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AModelWithoutPoolingEmbedsByTheMeanOfItsStates()
    {
        await using TextEngine chat = Tiny();
        Assert.Equal(ModelCapabilities.Completion, chat.Description.Capabilities & (ModelCapabilities.Completion | ModelCapabilities.Embedding));
        EmbeddingResult result = await chat.EmbedAsync(new EmbeddingRequest { Inputs = ["the cat sat"] });
        int[] tokens = chat.Model.Tokenizer.Encode("the cat sat", addSpecial: true, parseSpecial: true);
        Assert.Equal(tokens.Length, result.PromptTokens);
        double[] mean = new double[chat.Description.EmbeddingLength];
        using (SequenceDecoder decoder = chat.Model.CreateDecoder(tokens.Length))
        {
            decoder.EachState(
                tokens,
                state =>
                {
                    for (int i = 0; i < mean.Length; i++)
                    {
                        mean[i] += state[i] / tokens.Length;
                    }
                },
                CancellationToken.None);
        }
        double length = Math.Sqrt(mean.Sum(x => x * x));
        Assert.All(result.Vectors[0].Zip(mean), pair => Assert.Equal(pair.Second / length, pair.First, 1e-5));
        Assert.Equal(result.Vectors[0], chat.Model.ComputeEmbedding(tokens));
    }
}
