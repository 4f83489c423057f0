using LocalLlm.Engine.Tokenization;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Encoders;

/// <summary>
/// A loaded encoder: the mapped file with its configuration, weights and tokenizer, and the threads that compute. Computing members are for one thread
/// at a time; the rest is immutable.
/// </summary>
public sealed class EncoderModel : IDisposable
{
    private readonly WorkerPool _workers;

    private EncoderModel(GgufFile file, ModelOptions options)
    {
        if (options.Adapters.Count > 0)
        {
            throw new TextEngineException(TextEngineErrorKind.Unsupported, "This model cannot have adapters: they are for models that generate text.");
        }
        File = file;
        Options = options;
        Config = EncoderConfig.Read(file);
        EncoderWeights weights = EncoderWeights.Read(file, Config);
        int capacity = BatchCapacity(Config, options);
        if ((long)Math.Max(Config.EmbeddingLength, Config.FeedForwardLength) * capacity > int.MaxValue)
        {
            throw new TextEngineException(
                TextEngineErrorKind.InvalidModel, $"This model cannot be loaded: {capacity} tokens of {Math.Max(Config.EmbeddingLength, Config.FeedForwardLength)} numbers are too many for one pass.");
        }
        _workers = new WorkerPool(options.Threads);
        try
        {
            Transformer = new EncoderTransformer(Config, weights, new CpuOps(options.Simd, _workers), options.Activations, capacity);
            // The vocabulary takes as long as compiling: each has a thread.
            using EncoderWarmUp warmUp = new(Transformer);
            Tokenizer = ReadTokenizer(file, Config);
        }
        catch
        {
            Transformer?.Dispose();
            _workers.Dispose();
            throw;
        }
    }

    /// <summary>The mapped file.</summary>
    public GgufFile File { get; }

    /// <summary>How it was loaded.</summary>
    public ModelOptions Options { get; }

    /// <summary>The shape of the transformer.</summary>
    public EncoderConfig Config { get; }

    /// <summary>Text to tokens and back; safe for several threads.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The forward pass.</summary>
    public EncoderTransformer Transformer { get; }

    /// <summary>Maps and checks a model file.</summary>
    /// <param name="path">A GGUF file; the first part of a split one.</param>
    /// <param name="options">How to load it.</param>
    /// <exception cref="TextEngineException">The file is missing, damaged, or no encoder that the engine knows; the message is one sentence that says which.</exception>
    public static EncoderModel Load(string path, ModelOptions options)
    {
        Task prepared = SimdLevels.Prepare(options.Simd);
        EncoderModel model = ModelLoading.Open(path, file => new EncoderModel(file, options));
        prepared.Wait();
        return model;
    }

    /// <summary>Tokens of a pass, but for longer texts: a little less than what the options say for each thread, so that none is left without texts.</summary>
    public int TokenBudget => BudgetOf(Options);

    /// <summary>Most tokens of a pass: always those of a text of the model's whole context, and a few short ones.</summary>
    public static int BatchCapacity(EncoderConfig config, ModelOptions options) => EncoderBatch.Capacity(BudgetOf(options), config.ContextLength);

    /// <summary>The pooled, L2-normalised embedding of each text of a pass; of a cross-encoder's pairs of texts, the logit of each.</summary>
    /// <param name="tokens">Tokens of all texts, one after the other.</param>
    /// <param name="lengths">Tokens of each text.</param>
    /// <param name="vector">Receives the index of a text and its vector, or what was wrong with it, in order.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal void Embed(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, Action<int, Pooled> vector, CancellationToken cancellationToken = default)
    {
        ClassifierWeights? classifier = Transformer.Weights.Classifier;
        ReadOnlySpan<float> states = Transformer.Forward(tokens, lengths, classifier is null ? lengths : Firsts(tokens, lengths), cancellationToken);
        int width = Config.EmbeddingLength;
        for (int text = 0; text < lengths.Length; text++)
        {
            int count = lengths[text] * width;
            vector(text, classifier is null ? Pooled.Of(Config.PoolingType, states[..count], width) : new Pooled(classifier.Logits(states[..width]), null));
            states = states[count..];
        }
    }

    /// <summary>Ends the threads and unmaps the file.</summary>
    public void Dispose()
    {
        Transformer.Dispose();
        _workers.Dispose();
        File.Dispose();
    }

    /// <summary>Tokens of the first text of each pair, its [SEP] included.</summary>
    private int[] Firsts(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths)
    {
        int[] firsts = new int[lengths.Length];
        for (int pair = 0; pair < firsts.Length; pair++)
        {
            int end = Tokenizer.EosToken is { } separator ? tokens[..lengths[pair]].IndexOf(separator) : -1;
            firsts[pair] = end < 0 ? lengths[pair] : end + 1;
            tokens = tokens[lengths[pair]..];
        }
        return firsts;
    }

    // With two threads and the default of 512, passes of 30-token texts are equally fast from 256 to 4,096 tokens, but those of 300-token texts want two texts at
    // least. An eighth less than the slices of all threads hold (EncoderSlices), so that texts of any length still make a slice for each.
    private static int BudgetOf(ModelOptions options) => checked((int)(options.BatchCapacity * (long)options.Threads * 7 / 8));

    private static Tokenizer ReadTokenizer(GgufFile file, EncoderConfig config)
    {
        Tokenizer tokenizer = Tokenizer.Load(file.Metadata);
        return tokenizer.VocabularySize <= config.VocabularySize ? tokenizer : throw new TextEngineException(
            TextEngineErrorKind.InvalidModel,
            $"This model cannot be loaded: its vocabulary has {tokenizer.VocabularySize} tokens but its embedding only {config.VocabularySize} rows.");
    }
}
