using LocalLlm.Kernels;

namespace LocalLlm.Engine;

/// <summary>What quantized weights are multiplied with.</summary>
public enum ActivationType
{
    /// <summary>8-bit integers in blocks of 32, quantized on the fly: fast.</summary>
    Q8,

    /// <summary>float32, with weights decoded on the fly: slow, for research and as the reference.</summary>
    F32,
}

/// <summary>How a model is loaded.</summary>
public sealed record ModelOptions
{
    /// <summary>SIMD level of the kernels.</summary>
    public SimdLevel Simd { get; init; } = SimdLevels.Best;

    /// <summary>Threads that compute, the caller's included.</summary>
    public int Threads { get; init; } = WorkerPool.DefaultThreads;

    /// <summary>Type of cached keys and values.</summary>
    public KvType KeyValueType { get; init; } = KvType.F16;

    /// <summary>What quantized weights are multiplied with. F16, BF16 and F32 weights always meet float32.</summary>
    public ActivationType Activations { get; init; } = ActivationType.Q8;

    /// <summary>LoRA adapters, whose products are added beside the weights; empty for none.</summary>
    public IReadOnlyList<AdapterOptions> Adapters { get; init; } = [];

    /// <summary>Positions that a request may use unless it asks for another number; null for <see cref="DefaultContextLength"/>, at most what the model was trained for.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Bytes for cached keys and values of all sequences together; null for what the free memory suggests (<see cref="MemoryPlan"/>). Touched only as it is used.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>Most sequences in the running batch; the others wait.</summary>
    public int MaxSequences { get; init; } = DefaultMaxSequences;

    /// <summary>Whether text that repeats itself is drafted from what was said before and verified several tokens at a time. Changes no answer.</summary>
    public bool Speculation { get; init; } = true;

    /// <summary>Most tokens of one forward pass.</summary>
    public int BatchCapacity { get; init; } = 512;

    /// <summary>Sequences of a batch where nobody says otherwise. Beyond it a step takes longer for everyone and gains little.</summary>
    public const int DefaultMaxSequences = 64;

    /// <summary>Context of models trained for more, where nobody asks for another.</summary>
    public const int DefaultContextLength = 4096;
}
