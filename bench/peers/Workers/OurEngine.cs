using System.Numerics.Tensors;
using LocalLlm.Engine;
using LocalLlm.Engine.Generation;
using LocalLlm.Kernels;

namespace LocalLlm.Peers.Workers;

/// <summary>This project's engine, used as the product uses it.</summary>
internal sealed class OurEngine : IBenchEngine
{
    private readonly LanguageModel _model;
    private readonly SequenceDecoder _decoder;

    /// <summary>Loads a model.</summary>
    public OurEngine(WorkerSettings settings)
    {
        ModelOptions options = new() { Simd = SimdLevels.Parse(settings.Simd), Threads = settings.Threads };
        _model = LanguageModel.Load(settings.Model, options);
        _decoder = _model.CreateDecoder(settings.Positions);
        Description = $"simd {SimdLevels.Name(options.Simd)}, threads {options.Threads}, kv {options.KeyValueType}, activations {options.Activations}";
    }

    /// <inheritdoc/>
    public int VocabularySize => _model.Config.VocabularySize;

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public long CacheBytes => _decoder.CacheBytes;

    /// <inheritdoc/>
    public int Evaluate(ReadOnlySpan<int> tokens) => TensorPrimitives.IndexOfMax(_decoder.Evaluate(tokens, CancellationToken.None));

    /// <inheritdoc/>
    public void Truncate(int position) => _decoder.Truncate(position);

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder.Dispose();
        _model.Dispose();
    }
}
