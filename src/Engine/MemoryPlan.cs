using System.Globalization;
using LocalLlm.Engine.Transformer;
using LocalLlm.Kernels;

namespace LocalLlm.Engine;

/// <summary>What a model will occupy, worked out from its shape before it is loaded: nothing is guessed from the size of the file.</summary>
public sealed record MemoryPlan
{
    // The runtime, its compiled code, the server's or runner's own objects; measured 60 to 90 MB.
    private const long ProcessBytes = 100L << 20;

    // Texts, merges and their indices; measured 70 to 90 bytes for a token of a byte-pair vocabulary.
    private const int BytesPerToken = 100;

    // What a prompt of ordinary length needs; where not even this is free, loading makes no sense.
    private const int LeastContext = 4096;

    // Beyond this a context costs more time than most of its users would wait: it must be asked for.
    private const int MostDefaultContext = 32768;

    // A cache fills up with prefixes as time goes by: nobody expects more than this of a program that was not asked for it.
    private const long MostDefaultCache = 4L << 30;

    // One long request must not take the room of all the others.
    private const int RequestsPerCache = 4;

    /// <summary>Bytes of the mapped weights.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Bytes of everything else that does not grow: buffers of a forward pass, logits, vocabulary, adapters, the runtime.</summary>
    public required long BufferBytes { get; init; }

    /// <summary>Bytes of keys and values of one position, all layers together.</summary>
    public required long BytesPerPosition { get; init; }

    /// <summary>Bytes set aside for keys and values of all sequences together; whole blocks.</summary>
    public required long CacheBytes { get; init; }

    /// <summary>Positions that a request uses at most where it asks for no other number.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Positions that a request can ask for.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>Bytes that were free when the plan was made.</summary>
    public required long AvailableBytes { get; init; }

    /// <summary>Positions that the model was trained for.</summary>
    public required int TrainedContextLength { get; init; }

    /// <summary>All bytes together.</summary>
    public long TotalBytes => WeightBytes + BufferBytes + CacheBytes;

    /// <summary>The least with which the model is of use: weights, buffers and one context of ordinary length.</summary>
    public long LeastBytes => WeightBytes + BufferBytes + (BytesPerPosition * Math.Min(LeastContext, TrainedContextLength));

    /// <summary>Whether the free memory holds what is needed at least.</summary>
    public bool Fits => LeastBytes <= AvailableBytes && TotalBytes <= Math.Max(AvailableBytes, LeastBytes);

    /// <summary>One sentence with the numbers, for a model that does not fit.</summary>
    public string Refusal => string.Create(
        CultureInfo.InvariantCulture,
        $"model requires more system memory ({Gib(Math.Max(LeastBytes, TotalBytes))} GiB: weights {Gib(WeightBytes)}, keys and values {Gib(Math.Max(LeastBytes, TotalBytes) - WeightBytes - BufferBytes)}, buffers {Gib(BufferBytes)}) than is available ({Gib(AvailableBytes)} GiB): use a smaller model or a smaller cache, or unload other models");

    /// <summary>Plans.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="weightBytes">Bytes of its file.</param>
    /// <param name="options">How it shall be loaded.</param>
    /// <param name="availableBytes">Bytes that are free.</param>
    /// <param name="adapterBytes">Bytes of all adapters (<see cref="Adapters.AdapterFile.MemoryBytes"/>).</param>
    public static MemoryPlan For(TransformerConfig config, long weightBytes, ModelOptions options, long availableBytes, long adapterBytes = 0)
    {
        long perBlock = BlockBytes(config, options.KeyValueType);
        long buffers = BufferBytesOf(config, options) + adapterBytes;
        long floor = Blocks(Math.Min(options.ContextLength ?? LeastContext, config.ContextLength));
        long ceiling = Blocks(config.ContextLength) * options.MaxSequences;
        // A quarter of what is free then: other models and programs need memory too.
        long blocks = options.CacheBytes is { } given
            ? Math.Max(given / perBlock, 1)
            : Math.Clamp(Math.Min((availableBytes - weightBytes - buffers) / 4, MostDefaultCache) / perBlock, floor, Math.Max(floor, ceiling));
        int most = (int)Math.Min(config.ContextLength, blocks * KvPool.BlockPositions);
        long fair = Math.Max(blocks * KvPool.BlockPositions / RequestsPerCache, LeastContext);
        return new MemoryPlan
        {
            WeightBytes = weightBytes,
            BufferBytes = buffers,
            BytesPerPosition = perBlock / KvPool.BlockPositions,
            CacheBytes = blocks * perBlock,
            ContextLength = Math.Min(most, options.ContextLength ?? (int)Math.Min(fair, MostDefaultContext)),
            MaxContextLength = most,
            AvailableBytes = availableBytes,
            TrainedContextLength = config.ContextLength,
        };
    }

    /// <summary>Plans an encoder, which keeps nothing between passes: no keys and values.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="weightBytes">Bytes of its file.</param>
    /// <param name="options">How it shall be loaded.</param>
    /// <param name="availableBytes">Bytes that are free.</param>
    public static MemoryPlan For(EncoderConfig config, long weightBytes, ModelOptions options, long availableBytes)
    {
        int tables = config.PoolingType == PoolingType.Rank ? 2 : 1;
        long positions = (long)tables * config.ContextLength * config.EmbeddingLength * sizeof(float);
        long buffers = EncoderTransformer.BufferBytes(config, options.Threads, Encoders.EncoderModel.BatchCapacity(config, options));
        return new MemoryPlan
        {
            WeightBytes = weightBytes,
            BufferBytes = buffers + positions + ((long)config.VocabularySize * BytesPerToken) + ProcessBytes,
            BytesPerPosition = 0,
            CacheBytes = 0,
            ContextLength = Math.Clamp(options.ContextLength ?? config.ContextLength, 1, config.ContextLength),
            MaxContextLength = config.ContextLength,
            AvailableBytes = availableBytes,
            TrainedContextLength = config.ContextLength,
        };
    }

    /// <summary>Bytes of a block of <see cref="KvPool.BlockPositions"/> positions, all layers together.</summary>
    public static long BlockBytes(TransformerConfig config, KvType type) =>
        (long)config.BlockCount * config.HeadCountKv * (KvPool.PieceBytes(type, config.KeyLength) + KvPool.PieceBytes(type, config.ValueLength));

    private static long Blocks(int positions) => (positions + KvPool.BlockPositions - 1) / KvPool.BlockPositions;

    private static long BufferBytesOf(TransformerConfig config, ModelOptions options)
    {
        long token = ActivationBuffers.FloatsPerToken(config) * sizeof(float);
        long logits = (long)Scheduling.RowHandOut.LogitRows * config.VocabularySize * sizeof(float);
        return (token * options.BatchCapacity) + logits + ((long)config.VocabularySize * BytesPerToken) + ProcessBytes;
    }

    private static string Gib(long bytes) => ((double)bytes / (1L << 30)).ToString("0.00", CultureInfo.InvariantCulture);
}
