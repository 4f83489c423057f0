using LocalLlm.Engine;
using LocalLlm.Kernels;
using LocalLlm.Peers.Workers;

namespace LocalLlm.Peers.Embeddings.Workers;

/// <summary>This project's engine, used as the server uses it: texts in, vectors out.</summary>
internal sealed class OurEmbedder : IBenchEmbedder
{
    private readonly ITextEngine _engine;
    private string[] _texts = [];
    private EmbedLoad _load = EmbedLoad.Together;

    /// <summary>Loads a model.</summary>
    public OurEmbedder(WorkerSettings settings)
    {
        ModelOptions options = new() { Simd = SimdLevels.Parse(settings.Simd), Threads = settings.Threads };
        _engine = TextEngines.Open(settings.Model, options);
        Description = $"simd {SimdLevels.Name(options.Simd)}, threads {options.Threads}, activations {options.Activations}";
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Prepare(string[] texts, EmbedLoad load)
    {
        (_texts, _load) = (texts, load);
        return Embed(texts).PromptTokens;
    }

    /// <inheritdoc/>
    public void Run() =>
        _load.SendAsync([.. _load.Requests(_texts)], texts => _engine.EmbedAsync(new EmbeddingRequest { Inputs = texts })).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public float[][] Vectors(int count) => [.. Embed(_texts[..count]).Vectors];

    /// <inheritdoc/>
    public void Dispose() => _engine.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private EmbeddingResult Embed(string[] texts) => _engine.EmbedAsync(new EmbeddingRequest { Inputs = texts }).GetAwaiter().GetResult();
}
