using System.Collections;
using LocalLlm.Engine.Encoders;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>Requests through an encoder in this process: order, turns, limits, cancellation, and what it refuses.</summary>
public sealed class EncoderEngineTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-encoder-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task VectorsComeInTheOrderOfTheInputsAndAreTheSameAlone()
    {
        await using ITextEngine engine = Open();
        string[] texts = [.. Enumerable.Range(0, 400).Select(Text)];
        EmbeddingResult all = await engine.EmbedAsync(new EmbeddingRequest { Inputs = texts });
        Assert.Equal(texts.Length, all.Vectors.Count);
        // A pass may be counted a moment after its results are out, but before the engine has ended.
        await engine.DisposeAsync();
        Assert.InRange(engine.Status.Steps, 2, 399);
        Assert.Equal(all.PromptTokens, engine.Status.StepTokens);
        await using ITextEngine other = Open();
        EmbeddingResult[] alone = await Task.WhenAll(texts.Select(text => other.EmbedAsync(new EmbeddingRequest { Inputs = [text] })));
        Assert.All(Enumerable.Range(0, texts.Length), i => Assert.Equal(all.Vectors[i], alone[i].Vectors[0]));
        Assert.Equal(all.PromptTokens, alone.Sum(one => one.PromptTokens));
    }

    [Fact]
    public async Task AShortTextIsNotKeptWaitingByThousandsAndHasTheSameBits()
    {
        await using ITextEngine engine = Open();
        using GatedTexts texts = new(20_000);
        float[] alone = (await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a b"] })).Vectors[0];
        Task<EmbeddingResult> many = engine.EmbedAsync(new EmbeddingRequest { Inputs = texts });
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(alone, (await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a b"] })).Vectors[0]);
        }
        Assert.False(many.IsCompleted);
        texts.Open();
        Assert.Equal(20_000, (await many).Vectors.Count);
    }

    [Fact]
    public void FewTextsAreTokensAheadOfTheirPass()
    {
        int read = 0, ahead = 0;
        EncoderRequest request = new(100_000, _ =>
        {
            read++;
            return new int[16];
        });
        LinkedList<EncoderRequest> line = new([request]);
        EncoderBatch batch = new(64, SmallEncoder.Context);
        for (int taken = 0; taken < 100_000; taken += batch.Texts.Count)
        {
            request.Read(512);
            ahead = Math.Max(ahead, read - taken);
            batch.Fill(line);
        }
        Assert.Equal((100_000, 512 / 16), (read, ahead));
    }

    [Fact]
    public async Task AWrongTextAmongThousandsIsRefusedBeforeAnyIsComputed()
    {
        await using ITextEngine engine = Open();
        string tooLong = string.Concat(Enumerable.Repeat("a ", 100));
        EmbeddingRequest wrong = new() { Inputs = [.. Enumerable.Range(0, 5000).Select(Text), tooLong], Truncate = false };
        Assert.Equal(TextEngineErrorKind.ContextOverflow, (await Assert.ThrowsAsync<TextEngineException>(() => engine.EmbedAsync(wrong))).Kind);
        EmbeddingRequest unknown = new() { Inputs = [], Tokens = [.. Enumerable.Repeat(new[] { 3, 4 }, 5000), [-1]] };
        Assert.Equal(TextEngineErrorKind.InvalidRequest, (await Assert.ThrowsAsync<TextEngineException>(() => engine.EmbedAsync(unknown))).Kind);
        Assert.Equal((0, 0), (engine.Status.StepTokens, engine.Status.WaitingSequences));
        Assert.Single((await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["b"] })).Vectors);
    }

    [Fact]
    public async Task WhatMakingTokensThrowsEndsTheRequest()
    {
        EncoderRequest request = new(100, number => number < 50 ? new int[10] : throw new InvalidOperationException("text 50"));
        request.Read(100);
        Assert.False(request.Results.IsCompleted);
        TaskCompletionSource ready = new();
        request.ReadBehind(10_000, ready.SetResult);
        await ready.Task;
        Assert.Equal("text 50", (await Assert.ThrowsAsync<InvalidOperationException>(() => request.Results)).Message);
        Assert.False(request.HasMore);
    }

    [Theory]
    [InlineData(0, TextEngineErrorKind.InvalidRequest, "A text is empty")]
    [InlineData(11, TextEngineErrorKind.ContextOverflow, "11 tokens, 10 fit")]
    public async Task ATextThatNoPassCanTakeEndsItsRequestBeforeAnyTakesIt(int length, TextEngineErrorKind kind, string part)
    {
        EncoderRequest first = new(1, _ => new int[length], longest: 10), later = new(2, number => new int[number == 0 ? 10 : length], longest: 10);
        Assert.Equal(kind, Assert.Throws<TextEngineException>(() => first.Read(100)).Kind);
        later.Read(10);
        TaskCompletionSource ready = new();
        later.ReadBehind(100, ready.SetResult);
        await ready.Task;
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(() => later.Results);
        Assert.Equal(kind, error.Kind);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.False(later.HasMore);
    }

    [Fact]
    public async Task WithoutTokensAroundItAnEmptyTextIsRefusedAlone()
    {
        await using ITextEngine engine = TextEngines.Open(new SmallEncoder { HasCls = false, HasSep = false }.Write(_folder), new ModelOptions { Threads = 2 });
        Task<EmbeddingResult> empty = engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a", "\u200b"] }), other = engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a"] });
        Assert.Equal(TextEngineErrorKind.InvalidRequest, (await Assert.ThrowsAsync<TextEngineException>(() => empty)).Kind);
        Assert.Single((await other).Vectors);
    }

    [Fact]
    public async Task TextsThatAreTooLongAreCutBeforeTheirEndOrRefused()
    {
        await using ITextEngine engine = Open();
        string text = string.Concat(Enumerable.Repeat("a ", 100)), kept = string.Concat(Enumerable.Repeat("a ", SmallEncoder.Context - 2));
        EmbeddingResult cut = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [text, kept] });
        Assert.Equal(cut.Vectors[1], cut.Vectors[0]);
        Assert.Equal(2 * SmallEncoder.Context, cut.PromptTokens);
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(() => engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a", text], Truncate = false }));
        Assert.Equal(TextEngineErrorKind.ContextOverflow, error.Kind);
        EmbeddingResult three = await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["b c d"], ContextLength = 3 }), one = await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["b"] });
        Assert.Equal(one.Vectors[0], three.Vectors[0]);
    }

    [Fact]
    public async Task EmptyTextsHaveVectorsAndNoInputsHaveNone()
    {
        await using ITextEngine engine = Open();
        EmbeddingResult empty = await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["", "  "] });
        Assert.Equal(empty.Vectors[0], empty.Vectors[1]);
        Assert.Equal(4, empty.PromptTokens);
        Assert.Empty((await engine.EmbedAsync(new EmbeddingRequest { Inputs = [] })).Vectors);
    }

    [Fact]
    public async Task TokensAreTakenAsTheyAreWithOrWithoutBeginAndEnd()
    {
        await using ITextEngine engine = Open();
        float[] text = (await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a b"] })).Vectors[0];
        EmbeddingResult result = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [], Tokens = [[3, 4], [1, 3, 4, 2], [1, 3, 4], [], [.. Enumerable.Repeat(3, 100)]] });
        Assert.Equal([text, text, text], result.Vectors.Take(3));
        Assert.Equal((await engine.EmbedAsync(new EmbeddingRequest { Inputs = [""] })).Vectors[0], result.Vectors[3]);
        Assert.Equal(4 + 4 + 4 + 2 + SmallEncoder.Context, result.PromptTokens);
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(() => engine.EmbedAsync(new EmbeddingRequest { Inputs = [], Tokens = [[3], [SmallEncoder.Tokens.Length]] }));
        Assert.Equal(TextEngineErrorKind.InvalidRequest, error.Kind);
    }

    [Fact]
    public async Task FewerDimensionsHaveLengthOneAgain()
    {
        await using ITextEngine engine = Open();
        float[] vector = (await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a b"], Dimensions = 10 })).Vectors[0];
        Assert.Equal(10, vector.Length);
        Assert.Equal(1, vector.Sum(v => (double)v * v), 1e-6);
    }

    [Fact]
    public async Task ItEmbedsAndGeneratesNothing()
    {
        await using ITextEngine engine = Open();
        Assert.Equal(ModelCapabilities.Embedding, engine.Description.Capabilities);
        Assert.Equal(SmallEncoder.Width, engine.Description.EmbeddingLength);
        TextEngineException error = Assert.Throws<TextEngineException>(() => engine.GenerateAsync(new GenerationRequest { Prompt = "a" }));
        Assert.Equal((TextEngineErrorKind.Unsupported, "This model does not support text generation."), (error.Kind, error.Message));
    }

    [Fact]
    public async Task CancelledRequestsEndAndOthersGoOn()
    {
        await using ITextEngine engine = Open();
        using GatedTexts texts = new(20_000);
        using CancellationTokenSource stop = new();
        Task cancelled = engine.EmbedAsync(new EmbeddingRequest { Inputs = texts }, stop.Token);
        Task<EmbeddingResult> other = engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a"] });
        await other;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(0, engine.Status.WaitingSequences);
        Assert.Single((await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["b"] })).Vectors);
    }

    [Fact]
    public async Task UnloadingEndsWhatIsUnderWay()
    {
        ITextEngine engine = Open();
        using GatedTexts texts = new(20_000);
        Task<EmbeddingResult> lost = engine.EmbedAsync(new EmbeddingRequest { Inputs = texts });
        await engine.DisposeAsync();
        Assert.Equal(TextEngineErrorKind.Lost, (await Assert.ThrowsAsync<TextEngineException>(() => lost)).Kind);
        Assert.True(engine.Ended.IsCompletedSuccessfully);
    }

    private static string Text(int i) => string.Join(' ', Enumerable.Range(0, 1 + (i % 13)).Select(word => $"{(char)('a' + ((i + word) % 26))}{(char)('a' + (i * 7 % 26))}"));

    private ITextEngine Open() => TextEngines.Open(new SmallEncoder().Write(_folder), new ModelOptions { Threads = 2, BatchCapacity = 64 });

    /// <summary>Texts of a request that cannot end before its gate is open: the last of them is not to be had until then.</summary>
    private sealed class GatedTexts(int count) : IReadOnlyList<string>, IDisposable
    {
        private readonly TaskCompletionSource _open = new();

        public int Count => count;

        public string this[int index]
        {
            get
            {
                if (index == count - 1)
                {
                    _open.Task.Wait();
                }
                return Text(index);
            }
        }

        public void Open() => _open.TrySetResult();

        // Nobody waits for a text that is never read.
        public void Dispose() => Open();

        public IEnumerator<string> GetEnumerator() => Enumerable.Range(0, count).Select(index => this[index]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
