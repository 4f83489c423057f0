using LocalLlm.Engine.Adapters;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Templates;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine;

/// <summary>
/// A loaded model: the mapped file with its configuration, weights, tokenizer and chat template, and the threads that compute.
/// Computing members are for one thread at a time; the rest is immutable.
/// </summary>
public sealed class LanguageModel : IDisposable
{
    private readonly Task _prepared;
    private readonly KernelWarmUp _warmUp;
    private readonly WorkerPool _workers;
    private readonly ChatTemplate? _template;
    private readonly TemplateCache _templates;
    private readonly LoraWeights? _adapters;

    private LanguageModel(GgufFile file, ModelOptions options, Task prepared)
    {
        _prepared = prepared;
        File = file;
        Options = options;
        Config = TransformerConfig.Read(file);
        TransformerWeights weights = TransformerWeights.Read(file, Config);
        // The vocabulary takes as long as compiling: each has a thread.
        _warmUp = new KernelWarmUp(Config, weights, options);
        try
        {
            Tokenizer = ReadTokenizer(file, Config);
            BosText = Tokenizer.BosToken is int bos ? Tokenizer.Piece(bos) : "";
            EosText = Tokenizer.EosToken is int eos ? Tokenizer.Piece(eos) : "";
            _template = file.Metadata.TryGetString("tokenizer.chat_template", out string? source) ? new ChatTemplate(source, BosText, EosText) : null;
            _templates = new TemplateCache(BosText, EosText);
            _adapters = LoraWeights.Load(options.Adapters, Config, weights);
            _workers = new WorkerPool(options.Threads);
            Transformer = new DecoderTransformer(Config, weights, new CpuOps(options.Simd, _workers), options.Activations, options.BatchCapacity, _adapters);
            Description = Describe();
        }
        catch
        {
            _warmUp.Dispose();
            _adapters?.Dispose();
            throw;
        }
    }

    /// <summary>The mapped file.</summary>
    public GgufFile File { get; }

    /// <summary>How it was loaded.</summary>
    public ModelOptions Options { get; }

    /// <summary>The shape of the transformer.</summary>
    public TransformerConfig Config { get; }

    /// <summary>Text to tokens and back; safe for several threads.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The forward pass.</summary>
    public DecoderTransformer Transformer { get; }

    /// <summary>The threads that compute.</summary>
    internal WorkerPool Workers => _workers;

    /// <summary>Facts for users.</summary>
    public ModelDescription Description { get; }

    /// <summary>Bytes of all adapters.</summary>
    internal long AdapterBytes => _adapters?.Bytes ?? 0;

    /// <summary>Text of the begin token, or empty.</summary>
    public string BosText { get; }

    /// <summary>Text of the end token, or empty.</summary>
    public string EosText { get; }

    /// <summary>Maps and checks a model file.</summary>
    /// <param name="path">A GGUF file; the first part of a split one.</param>
    /// <param name="options">How to load it.</param>
    /// <exception cref="TextEngineException">The file is missing, damaged, or of a kind that the engine does not know; the message is one sentence that says which.</exception>
    public static LanguageModel Load(string path, ModelOptions options)
    {
        Task prepared = SimdLevels.Prepare(options.Simd);
        return ModelLoading.Open(path, file => new LanguageModel(file, options, prepared));
    }

    /// <summary>A decoder with an empty cache.</summary>
    /// <param name="contextLength">Most positions.</param>
    public SequenceDecoder CreateDecoder(int contextLength) => new(Transformer, Options.KeyValueType, contextLength);

    /// <summary>Logits of a text given as tokens, for research.</summary>
    /// <param name="tokens">At least one token.</param>
    /// <param name="all">Logits after every token, or after the last only.</param>
    /// <param name="row">Receives [vocabulary] logits per wanted token, in order; the span is valid during the call only.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="TextEngineException">A token is not in the vocabulary, or there are none or too many.</exception>
    public void ComputeLogits(ReadOnlySpan<int> tokens, bool all, Action<ReadOnlySpan<float>> row, CancellationToken cancellationToken = default)
    {
        CheckTokens(tokens);
        using SequenceDecoder decoder = CreateDecoder(tokens.Length);
        if (all)
        {
            decoder.EvaluateEach(tokens, row, cancellationToken);
        }
        else
        {
            row(decoder.Evaluate(tokens, cancellationToken));
        }
    }

    /// <summary>The pooled, L2-normalised embedding of a text given as tokens (<see cref="TransformerConfig.VectorPooling"/>).</summary>
    /// <exception cref="TextEngineException">A token is not in the vocabulary, or the vector is not finite.</exception>
    public float[] ComputeEmbedding(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default)
    {
        CheckTokens(tokens);
        using SequenceDecoder decoder = CreateDecoder(tokens.Length);
        var pooling = new EmbeddingPooling(Config.VectorPooling, Config.EmbeddingLength);
        int position = 0, count = tokens.Length;
        decoder.EachState(
            tokens,
            state =>
            {
                if (EmbeddingPooling.Wants(Config.VectorPooling, position++, count))
                {
                    pooling.Add(state);
                }
            },
            cancellationToken);
        return pooling.Normalised();
    }

    /// <summary>Renders a request with its template, the model's, or, where there is none, as bare text.</summary>
    /// <param name="request">The request.</param>
    /// <param name="messages">Those of its messages that stay; null if it is about a bare prompt.</param>
    /// <exception cref="TextEngineException">The template does not parse or does not accept the messages.</exception>
    internal string Render(GenerationRequest request, IReadOnlyList<ChatMessage>? messages)
    {
        try
        {
            IChatTemplate? template = request.Template is { } own ? _templates.Get(own) : _template;
            return messages is null ? RenderPrompt(request, template)
                : template is null ? string.Join("\n\n", messages.Select(message => message.Content))
                : template.RenderPrompt(messages, request.Tools, request.Think);
        }
        catch (TemplateException e)
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidRequest, $"The chat template refused the messages: {e.Message}", e);
        }
    }

    /// <summary>Waits until nothing goes on behind the caller's back any more. Not needed before computing.</summary>
    internal void AwaitWarmUp()
    {
        _prepared.Wait();
        _warmUp.Dispose();
    }

    /// <summary>Unmaps the file and ends the threads.</summary>
    public void Dispose()
    {
        _warmUp.Dispose();
        Transformer.Dispose();
        _adapters?.Dispose();
        _workers.Dispose();
        File.Dispose();
    }

    private static Tokenizer ReadTokenizer(GgufFile file, TransformerConfig config)
    {
        Tokenizer tokenizer = Tokenizer.Load(file.Metadata);
        return tokenizer.VocabularySize <= config.VocabularySize ? tokenizer : throw new TextEngineException(TextEngineErrorKind.InvalidModel,
            $"This model cannot be loaded: its vocabulary has {tokenizer.VocabularySize} tokens but its embedding only {config.VocabularySize} rows.");
    }

    /// <summary>A bare prompt is what the model continues, unless text that follows it is given too.</summary>
    private static string RenderPrompt(GenerationRequest request, IChatTemplate? template) =>
        request.Suffix is not { } suffix ? request.Prompt ?? ""
        : template is GoChatTemplate { SupportsInsertion: true } go ? go.RenderInsertion(request.Prompt ?? "", suffix, request.Think)
        : throw new TextEngineException(TextEngineErrorKind.Unsupported, "This model does not support insert: its template has no place for text that follows.");

    private ModelDescription Describe() => new()
    {
        Architecture = Config.Architecture,
        ParameterCount = File.Tensors.Sum(tensor => tensor.ElementCount),
        Quantization = QuantizationName.Of(File),
        TrainedContextLength = Config.ContextLength,
        ContextLength = Math.Clamp(Options.ContextLength ?? ModelOptions.DefaultContextLength, 1, Config.ContextLength),
        MaxContextLength = Config.ContextLength,
        EmbeddingLength = Config.EmbeddingLength,
        Capabilities = Config.PoolingType switch
        {
            PoolingType.None => ModelCapabilities.Completion,
            PoolingType.Rank => ModelCapabilities.Rerank,
            _ => ModelCapabilities.Embedding,
        },
        MemoryBytes = File.FileBytes + (_adapters?.Bytes ?? 0),
    };

    private void CheckTokens(ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty || tokens.Length > Config.ContextLength)
        {
            throw new TextEngineException(TextEngineErrorKind.ContextOverflow, $"There are {tokens.Length} tokens, but this model takes 1 to {Config.ContextLength}.");
        }
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)Config.VocabularySize)
            {
                throw new TextEngineException(TextEngineErrorKind.InvalidRequest, $"Token {token} is not in this model's vocabulary of {Config.VocabularySize}.");
            }
        }
    }
}
