using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// A checkpoint of a BERT encoder that embeds or ranks. Names are llama.cpp's; of a cross-encoder the pooler is kept too, as <c>cls</c>: the scores that it
/// was trained for come from there.
/// </summary>
internal sealed class EncoderCheckpoint : CheckpointModel
{
    private readonly EncoderCheckpointConfig _config;
    private readonly string _directory;
    private readonly TensorPicker _tensors;
    private readonly string _prefix;

    /// <summary>Finds the weights of a configuration.</summary>
    /// <param name="directory">The checkpoint.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="checkpoint">Its weights.</param>
    /// <exception cref="TextEngineException">A tensor is missing, has another shape, or is not part of the architecture.</exception>
    public EncoderCheckpoint(string directory, EncoderCheckpointConfig config, SafetensorsCheckpoint checkpoint)
    {
        (_directory, _config) = (directory, config);
        _tensors = new TensorPicker(directory, checkpoint);
        // Models saved with a head have the prefix.
        _prefix = _tensors.Has("bert.embeddings.word_embeddings.weight") ? "bert." : "";
        AddEmbeddings();
        for (int i = 0; i < config.BlockCount; i++)
        {
            AddBlock($"{_prefix}encoder.layer.{i}.", $"blk.{i}.");
        }
        AddHead();
        _tensors.RefuseRest(Architecture);
    }

    /// <inheritdoc/>
    public override string Architecture => "bert";

    /// <inheritdoc/>
    public override IReadOnlyList<ConvertedTensor> Tensors => _tensors.Picked;

    /// <inheritdoc/>
    public override void AddKeys(GgufWriter writer)
    {
        void Add(string key, int value) => writer.Add($"{Architecture}.{key}", (uint)value);
        Add("block_count", _config.BlockCount);
        Add("context_length", _config.ContextLength);
        Add("embedding_length", _config.EmbeddingLength);
        Add("feed_forward_length", _config.FeedForwardLength);
        Add("attention.head_count", _config.HeadCount);
        writer.Add($"{Architecture}.attention.layer_norm_epsilon", _config.Epsilon);
        writer.Add($"{Architecture}.attention.causal", false);
        PoolingType pooling = _config.Ranks ? PoolingType.Rank : CheckpointPooling.Read(_directory);
        if (pooling != PoolingType.None)
        {
            Add("pooling_type", (int)pooling);
        }
        Add("vocab_size", _config.VocabularySize);
        WordPieceConversion.Add(_directory, _config, writer);
    }

    private void AddEmbeddings()
    {
        long width = _config.EmbeddingLength;
        string from = $"{_prefix}embeddings.";
        _tensors.Add($"{from}word_embeddings.weight", "token_embd.weight", [_config.VocabularySize, width]);
        _tensors.Add($"{from}position_embeddings.weight", "position_embd.weight", [_config.ContextLength, width], isExact: true);
        _tensors.Add($"{from}token_type_embeddings.weight", "token_types.weight", [_config.TokenTypeCount, width], isExact: true);
        AddNorm($"{from}LayerNorm", "token_embd_norm");
    }

    private void AddBlock(string from, string to)
    {
        long width = _config.EmbeddingLength, inner = _config.FeedForwardLength;
        AddLinear($"{from}attention.self.query", $"{to}attn_q", width, width);
        AddLinear($"{from}attention.self.key", $"{to}attn_k", width, width);
        AddLinear($"{from}attention.self.value", $"{to}attn_v", width, width);
        AddLinear($"{from}attention.output.dense", $"{to}attn_output", width, width);
        AddNorm($"{from}attention.output.LayerNorm", $"{to}attn_output_norm");
        AddLinear($"{from}intermediate.dense", $"{to}ffn_up", inner, width);
        AddLinear($"{from}output.dense", $"{to}ffn_down", width, inner);
        AddNorm($"{from}output.LayerNorm", $"{to}layer_output_norm");
    }

    private void AddHead()
    {
        long width = _config.EmbeddingLength;
        if (_config.Ranks)
        {
            AddLinear($"{_prefix}pooler.dense", "cls", width, width);
            _tensors.Add("classifier.weight", "cls.output.weight", [1, width], isExact: true);
            _tensors.Add("classifier.bias", "cls.output.bias", [1]);
        }
        else
        {
            // Vectors are made of the final states; the pooler was for BERT's training.
            _tensors.Ignore($"{_prefix}pooler.");
        }
    }

    private void AddLinear(string from, string to, long rows, long columns)
    {
        _tensors.Add($"{from}.weight", $"{to}.weight", [rows, columns]);
        _tensors.Add($"{from}.bias", $"{to}.bias", [rows]);
    }

    /// <summary>Checkpoints that come from TensorFlow call weight and bias gamma and beta.</summary>
    private void AddNorm(string from, string to)
    {
        bool old = _tensors.Has($"{from}.gamma");
        _tensors.Add($"{from}.{(old ? "gamma" : "weight")}", $"{to}.weight", [_config.EmbeddingLength]);
        _tensors.Add($"{from}.{(old ? "beta" : "bias")}", $"{to}.bias", [_config.EmbeddingLength]);
    }
}
