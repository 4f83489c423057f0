using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Tests.Generation;
using static LocalLlm.Engine.Tests.Generation.Requests;

namespace LocalLlm.Engine.Tests.Scheduling;

/// <summary>How requests share an engine: who waits, who gives way, what is left behind.</summary>
public sealed class SchedulerTests
{
    private static readonly GenerationRequest s_endless = new() { Prompt = "the", Sampling = Greedy with { LogitBias = NoEnd } };

    [Fact]
    public async Task ALongPromptDoesNotStopTheOthersAnswers()
    {
        await using TextEngine engine = Tiny(options => options with { ContextLength = 512, BatchCapacity = 64, Speculation = false });
        using CancellationTokenSource stop = new();
        int tokens = 0;
        TaskCompletionSource talks = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task talker = Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await foreach (GenerationEvent item in engine.GenerateAsync(s_endless, stop.Token))
                {
                    if (item is TextDelta && ++tokens == 3)
                    {
                        talks.SetResult();
                    }
                }
            }
        });
        await talks.Task;
        EngineStatus before = engine.Status;
        Answer slow = await AskAsync(engine, s_endless with { Prompt = string.Concat(Enumerable.Repeat("ab cd ", 80)), MaxTokens = 1 });
        EngineStatus after = engine.Status;
        long steps = after.Steps - before.Steps;
        await stop.CancelAsync();
        await talker;
        // At most 64 tokens of a pass, one of them the talker's.
        Assert.True(slow.Started.PromptTokens > 200);
        Assert.True(steps >= slow.Started.PromptTokens / 63, $"{steps} passes for {slow.Started.PromptTokens} tokens");
        // Counted by the engine: its passes do not wait for whoever reads the text.
        Assert.InRange(after.GeneratedTokens - before.GeneratedTokens, steps / 2, long.MaxValue);
    }

    [Fact]
    public async Task OnlySoManySequencesRunAtATime()
    {
        await using TextEngine engine = Tiny(options => options with { MaxSequences = 2 });
        using CancellationTokenSource stop = new();
        Task[] endless =
        [
            .. Enumerable.Range(0, 5).Select(_ => Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskForeverAsync(engine, s_endless, stop.Token))),
        ];
        while (engine.Status is not { ActiveSequences: 2, WaitingSequences: 3 })
        {
            await Task.Delay(1);
        }
        await stop.CancelAsync();
        await Task.WhenAll(endless);
        await IdleAsync(engine);
        Assert.Equal((0, 0), (engine.Status.WaitingSequences, engine.Status.KvBlocksInUse));
    }

    [Fact]
    public async Task ARequestThatWaitsGoesAtOnceWhenItsClientGoes()
    {
        await using TextEngine engine = Tiny(options => options with { MaxSequences = 1 });
        using CancellationTokenSource stop = new(), stopWaiting = new();
        Task running = Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskForeverAsync(engine, s_endless, stop.Token));
        while (engine.Status.ActiveSequences == 0)
        {
            await Task.Delay(1);
        }
        Task waiting = Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskForeverAsync(engine, s_endless, stopWaiting.Token));
        await stopWaiting.CancelAsync();
        await waiting;
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task UnloadingEndsRequestsWithAnErrorThatSaysSo()
    {
        TextEngine engine = Tiny(options => options with { MaxSequences = 1 });
        Task<TextEngineException>[] lost = [.. Enumerable.Range(0, 3).Select(_ => Assert.ThrowsAsync<TextEngineException>(() => AskForeverAsync(engine, s_endless)))];
        while (engine.Status.ActiveSequences == 0)
        {
            await Task.Delay(1);
        }
        await engine.DisposeAsync();
        Assert.All(await Task.WhenAll(lost), error => Assert.Equal(TextEngineErrorKind.Lost, error.Kind));
        Assert.True(engine.Ended.IsCompletedSuccessfully);
        Assert.Equal(TextEngineErrorKind.Lost, (await Assert.ThrowsAsync<TextEngineException>(() => AskAsync(engine, s_endless))).Kind);
    }

    [Fact]
    public async Task ACommonBeginningIsEvaluatedOnceEvenForThoseWhoComeTogether()
    {
        await using TextEngine engine = Tiny(options => options with { ContextLength = 512, BatchCapacity = 64 });
        string common = string.Concat(Enumerable.Repeat("ab cd ", 60));
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => AskAsync(engine, new GenerationRequest
        {
            Prompt = common + (char)('p' + i),
            MaxTokens = 1,
            Sampling = Greedy,
        })));
        int prompt = answers[0].Started.PromptTokens;
        Assert.True(prompt > 150);
        // One pass of 64 may hold pieces of two before the first is known.
        Assert.InRange(answers.Sum(answer => answer.Finished.Usage.PromptTokens - answer.Finished.Usage.CachedTokens), prompt, (2 * prompt) + (6 * 32));
    }

    [Fact]
    public async Task ACommonBeginningTakesItsRoomOnce()
    {
        // Room for the beginning once and for six tails, not for six beginnings.
        await using TextEngine engine = Tiny(options => options with { ContextLength = 512, CacheBytes = CacheBytes("qwen3-q8_0.gguf", 512 + (6 * 96)), Speculation = false });
        string common = string.Concat(Enumerable.Repeat("ab cd ", 90));
        GenerationRequest request = s_endless with { Prompt = common, MaxTokens = 30 };
        Answer first = await AskAsync(engine, request);
        Assert.True(first.Started.PromptTokens > 300);
        using CancellationTokenSource stop = new();
        Task[] endless =
        [
            .. Enumerable.Range(0, 6).Select(i => Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => AskForeverAsync(engine, request with { Prompt = common + (char)('p' + i), MaxTokens = null, ContextLength = 400 }, stop.Token))),
        ];
        while (engine.Status.ActiveSequences < 6)
        {
            await Task.Delay(1);
        }
        await stop.CancelAsync();
        await Task.WhenAll(endless);
    }

    [Fact]
    public async Task ATurnWhoseThinkingIsLeftOutIsEvaluatedFromThereOn()
    {
        await using TextEngine engine = Tiny(options => options with { ContextLength = 512 });
        string prompt = string.Concat(Enumerable.Repeat("ab cd ", 60));
        int[] question = await engine.TokenizeAsync(prompt, false, false), thinking = await engine.TokenizeAsync("xyz xyz xyz xyz", false, false);
        int[] answer = await engine.TokenizeAsync("the answer", false, false), next = await engine.TokenizeAsync(" and then", false, false);
        await AskAsync(engine, Continue([.. question, .. thinking, .. answer]));
        Answer stripped = await AskAsync(engine, Continue([.. question, .. answer, .. next]));
        Assert.Equal(question.Length, stripped.Started.CachedTokens);
        Answer kept = await AskAsync(engine, Continue([.. question, .. thinking, .. answer, .. next]));
        Assert.Equal(question.Length + thinking.Length + answer.Length, kept.Started.CachedTokens);

        static GenerationRequest Continue(int[] tokens) => new() { Prompt = "", Context = tokens, MaxTokens = 1, Sampling = Greedy };
    }

    [Fact]
    public async Task AModelThatTalksEmbedsBesideItsAnswers()
    {
        string[] texts = [.. Enumerable.Range(1, 30).Select(i => string.Concat(Enumerable.Repeat("ab cd ", i % 7 + 1)))];
        await using TextEngine engine = Tiny(options => options with { BatchCapacity = 40 });
        GenerationRequest question = s_endless with { MaxTokens = 40 };
        Answer alone = await AskAsync(engine, question);
        Task<Answer>[] answers = [.. Enumerable.Range(0, 3).Select(_ => AskAsync(engine, question))];
        EmbeddingResult vectors = await engine.EmbedAsync(new EmbeddingRequest { Inputs = texts });
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(alone.Text, answer.Text));
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.Equal((await engine.EmbedAsync(new EmbeddingRequest { Inputs = [texts[i]] })).Vectors[0], vectors.Vectors[i]);
        }
    }

    [Fact]
    public async Task EmbeddingsRunTogetherAndGiveTheSame()
    {
        string[] texts = [.. Enumerable.Range(1, 20).Select(i => string.Concat(Enumerable.Repeat($"word{i} ", i)))];
        await using TextEngine engine = Tiny(options => options with { BatchCapacity = 40 }, "qwen3-embedding.gguf");
        EmbeddingResult together = await engine.EmbedAsync(new EmbeddingRequest { Inputs = texts });
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.Equal((await engine.EmbedAsync(new EmbeddingRequest { Inputs = [texts[i]] })).Vectors[0], together.Vectors[i]);
        }
        Assert.Equal(0, engine.Status.KvBlocksInUse);
    }

    [Fact]
    public async Task AnErrorInOneAnswerIsThatAnswersAlone()
    {
        await using TextEngine engine = Tiny();
        Dictionary<int, float> nothing = Enumerable.Range(0, engine.Model.Tokenizer.VocabularySize).ToDictionary(token => token, _ => float.NegativeInfinity);
        Task<Answer> good = AskAsync(engine, s_endless with { MaxTokens = 30 });
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(
            () => AskAsync(engine, s_endless with { Sampling = new SamplingOptions { Temperature = 0, LogitBias = nothing } }));
        Assert.Contains("no token to choose", error.Message, StringComparison.Ordinal);
        Assert.Equal(30, (await good).Finished.Usage.GeneratedTokens);
        await IdleAsync(engine);
        Assert.Equal(0, engine.Status.KvBlocksInUse);
    }

    /// <summary>The scheduler drops a sequence at the end of a pass, which may be after its client was told.</summary>
    private static async Task IdleAsync(TextEngine engine)
    {
        while (engine.Status.ActiveSequences > 0)
        {
            await Task.Delay(1);
        }
    }
}
