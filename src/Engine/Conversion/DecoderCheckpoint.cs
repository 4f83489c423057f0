using System.Runtime.InteropServices;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Conversion;

/// <summary>A checkpoint of a decoder: Llama, Qwen2 or Qwen3.</summary>
/// <param name="directory">The checkpoint.</param>
/// <param name="config">Its configuration.</param>
/// <param name="checkpoint">Its weights.</param>
internal sealed class DecoderCheckpoint(string directory, CheckpointConfig config, SafetensorsCheckpoint checkpoint) : CheckpointModel
{
    /// <inheritdoc/>
    public override string Architecture => config.Architecture.Name;

    /// <inheritdoc/>
    public override IReadOnlyList<ConvertedTensor> Tensors { get; } = TensorPlan.Make(directory, checkpoint, config);

    /// <inheritdoc/>
    public override void AddKeys(GgufWriter writer)
    {
        AddShape(writer, CheckpointPooling.Read(directory));
        TokenizerConversion.Add(directory, config, writer);
    }

    /// <inheritdoc/>
    public override void AddOwnTensors(GgufWriter writer)
    {
        if (config.Rope.Factors is { } factors)
        {
            writer.AddTensor("rope_freqs.weight", GgmlType.F32, [factors.Length], MemoryMarshal.AsBytes<float>(factors));
        }
    }

    private void AddShape(GgufWriter writer, PoolingType pooling)
    {
        void Add(string key, int value) => writer.Add($"{Architecture}.{key}", (uint)value);
        Add("block_count", config.BlockCount);
        Add("context_length", config.ContextLength);
        Add("embedding_length", config.EmbeddingLength);
        Add("feed_forward_length", config.FeedForwardLength);
        Add("attention.head_count", config.HeadCount);
        Add("attention.head_count_kv", config.HeadCountKv);
        writer.Add($"{Architecture}.rope.freq_base", config.Rope.FreqBase);
        writer.Add($"{Architecture}.attention.layer_norm_rms_epsilon", config.Epsilon);
        if (config.Architecture.DefaultHeadLength is not null || !config.HasUsualHeads)
        {
            Add("attention.key_length", config.HeadLength);
            Add("attention.value_length", config.HeadLength);
        }
        config.Rope.AddScaling(Architecture, writer);
        if (config.Architecture.PermutesHeads)
        {
            Add("vocab_size", config.VocabularySize);
            Add("rope.dimension_count", config.HeadLength);
        }
        if (pooling != PoolingType.None)
        {
            Add("pooling_type", (int)pooling);
        }
    }
}
