using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// Finds the tensors that the configuration of a decoder calls for in a checkpoint, and gives them GGUF's names.
/// </summary>
internal sealed class TensorPlan
{
    private const string Head = "lm_head.weight";

    private readonly CheckpointConfig _config;
    private readonly TensorPicker _tensors;
    private readonly string _prefix;

    private TensorPlan(string directory, SafetensorsCheckpoint checkpoint, CheckpointConfig config)
    {
        (_config, _tensors) = (config, new TensorPicker(directory, checkpoint));
        // Models saved without their output head lack the prefix.
        _prefix = _tensors.Has("embed_tokens.weight") ? "" : "model.";
    }

    /// <summary>The tensors of the result in their order.</summary>
    /// <param name="directory">The checkpoint's directory, for messages.</param>
    /// <param name="checkpoint">Its weights.</param>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="TextEngineException">A tensor is missing, has another shape, or is not part of the architecture.</exception>
    public static IReadOnlyList<ConvertedTensor> Make(string directory, SafetensorsCheckpoint checkpoint, CheckpointConfig config)
    {
        TensorPlan plan = new(directory, checkpoint, config);
        plan.AddEnds();
        for (int i = 0; i < config.BlockCount; i++)
        {
            plan.AddAttention($"{plan._prefix}layers.{i}.", $"blk.{i}.");
            plan.AddFeedForward($"{plan._prefix}layers.{i}.", $"blk.{i}.");
        }
        plan._tensors.RefuseRest(config.Architecture.Name);
        return plan._tensors.Picked;
    }

    private void AddEnds()
    {
        long width = _config.EmbeddingLength;
        Add($"{_prefix}embed_tokens.weight", "token_embd.weight", [_config.VocabularySize, width]);
        Add($"{_prefix}norm.weight", "output_norm.weight", [width]);
        if (_config.TiedEmbedding)
        {
            _tensors.Ignore(Head); // Some checkpoints repeat the embedding under this name.
        }
        else if (_prefix.Length > 0 || _tensors.Has(Head))
        {
            Add(Head, "output.weight", [_config.VocabularySize, width]);
        }
    }

    private void AddAttention(string from, string to)
    {
        long width = _config.EmbeddingLength, length = _config.HeadLength;
        long queries = _config.HeadCount * length, keys = _config.HeadCountKv * length;
        bool permutes = _config.Architecture.PermutesHeads, required = _config.Architecture.HasQkvBias;
        Add($"{from}input_layernorm.weight", $"{to}attn_norm.weight", [width]);
        AddProjection($"{from}self_attn.q_proj", $"{to}attn_q", queries, width, required, permutes ? _config.HeadCount : 0);
        AddProjection($"{from}self_attn.k_proj", $"{to}attn_k", keys, width, required, permutes ? _config.HeadCountKv : 0);
        AddProjection($"{from}self_attn.v_proj", $"{to}attn_v", keys, width, required, 0);
        AddProjection($"{from}self_attn.o_proj", $"{to}attn_output", width, queries, hasBias: false, 0);
        if (_config.Architecture.NormalisesHeads)
        {
            Add($"{from}self_attn.q_norm.weight", $"{to}attn_q_norm.weight", [length]);
            Add($"{from}self_attn.k_norm.weight", $"{to}attn_k_norm.weight", [length]);
        }
    }

    private void AddFeedForward(string from, string to)
    {
        long width = _config.EmbeddingLength, inner = _config.FeedForwardLength;
        Add($"{from}post_attention_layernorm.weight", $"{to}ffn_norm.weight", [width]);
        Add($"{from}mlp.gate_proj.weight", $"{to}ffn_gate.weight", [inner, width]);
        Add($"{from}mlp.up_proj.weight", $"{to}ffn_up.weight", [inner, width]);
        Add($"{from}mlp.down_proj.weight", $"{to}ffn_down.weight", [width, inner]);
    }

    private void AddProjection(string from, string to, long rows, long columns, bool hasBias, int permutedHeads)
    {
        Add($"{from}.weight", $"{to}.weight", [rows, columns], permutedHeads);
        if (hasBias || _tensors.Has($"{from}.bias"))
        {
            Add($"{from}.bias", $"{to}.bias", [rows], permutedHeads);
        }
    }

    private void Add(string from, string to, long[] shape, int permutedHeads = 0) => _tensors.Add(from, to, shape, permutedHeads);
}
