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
        Assert.InRange(engine.Status.Steps, 2, 399);
        Assert.Equal(all.PromptTokens, engine.Status.StepTokens);
        EmbeddingResult[] alone = await Task.WhenAll(texts.Select(text => engine.EmbedAsync(new EmbeddingRequest { Inputs = [text] })));
        Assert.All(Enumerable.Range(0, texts.Length), i => Assert.Equal(all.Vectors[i], alone[i].Vectors[0]));
        Assert.Equal(all.PromptTokens, alone.Sum(one => one.PromptTokens));
    }

    [Fact]
    public void RequestsTakeTurns()
    {
        EncoderRequest many = new([.. Enumerable.Repeat(new int[10], 100)], default), few = new([new int[10], new int[30]], default), wide = new([new int[40]], default);
        LinkedList<EncoderRequest> waiting = new([many, few, wide]);
        EncoderBatch batch = new(55);
        batch.Fill(waiting);
        Assert.Equal([(many, 0), (few, 0)], batch.Texts);
        batch.Fill(waiting);
        Assert.Equal([(wide, 0), (many, 1)], batch.Texts);
        batch.Fill(waiting);
        Assert.Equal([(few, 1), (many, 2), (many, 3)], batch.Texts);
        Assert.Equal([30, 10, 10], batch.Lengths.ToArray());
        Assert.Equal([many], waiting);
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
        using CancellationTokenSource stop = new();
        Task cancelled = engine.EmbedAsync(new EmbeddingRequest { Inputs = [.. Enumerable.Range(0, 20_000).Select(Text)] }, stop.Token);
        Task<EmbeddingResult> other = engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a"] });
        await other;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Single((await engine.EmbedAsync(new EmbeddingRequest { Inputs = ["b"] })).Vectors);
    }

    [Fact]
    public async Task UnloadingEndsWhatIsUnderWay()
    {
        ITextEngine engine = Open();
        Task<EmbeddingResult> lost = engine.EmbedAsync(new EmbeddingRequest { Inputs = [.. Enumerable.Range(0, 20_000).Select(Text)] });
        await engine.DisposeAsync();
        Assert.Equal(TextEngineErrorKind.Lost, (await Assert.ThrowsAsync<TextEngineException>(() => lost)).Kind);
        Assert.True(engine.Ended.IsCompletedSuccessfully);
    }

    private static string Text(int i) => string.Join(' ', Enumerable.Range(0, 1 + (i % 13)).Select(word => $"{(char)('a' + ((i + word) % 26))}{(char)('a' + (i * 7 % 26))}"));

    private ITextEngine Open() => TextEngines.Open(new SmallEncoder().Write(_folder), new ModelOptions { Threads = 2, BatchCapacity = 64 });
}
