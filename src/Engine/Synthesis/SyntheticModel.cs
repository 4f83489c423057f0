using System.Runtime.InteropServices;
using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Synthesis;

/// <summary>
/// Writes model files with random weights, for measuring: the shape and the formats of a published model without its gigabytes of download.
/// Weights have the mean 0 and the standard deviation <c>1 / sqrt(columns)</c> (LeCun et al. 1998), which keeps activations near 1 from block
/// to block; those of the output head three times as much, so that logits differ as much as a trained model's.
/// </summary>
public static class SyntheticModel
{
    private const string Architecture = "qwen3";
    private const float Epsilon = 1e-6f;
    private const float HeadGain = 3;
    private const string ChatTemplate =
        "{%- for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}"
        + "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}";

    /// <summary>Bytes of the tensors, and so nearly those of the file.</summary>
    public static long TensorBytes(SyntheticShape shape, SyntheticMix mix) =>
        Tensors(shape, mix).Sum(tensor => GgmlTypes.RowBytes(tensor.Type, tensor.Columns) * tensor.Rows);

    /// <summary>Writes a file. It appears under its name only when it is complete; a file of that name is replaced.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="shape">What model.</param>
    /// <param name="mix">In which formats.</param>
    /// <param name="seed">Same arguments, same bytes.</param>
    /// <param name="cancellationToken">Stops, and leaves nothing behind.</param>
    /// <exception cref="IOException">The file cannot be written; nothing is left behind.</exception>
    public static void Write(string path, SyntheticShape shape, SyntheticMix mix, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        GgufWriter writer = new();
        AddGeneral(writer, shape, mix, seed);
        AddShape(writer, shape);
        AddVocabulary(writer, new SyntheticVocabulary(shape.VocabularySize));
        foreach (Tensor tensor in Tensors(shape, mix))
        {
            ulong tensorSeed = Xoshiro256.SplitMix64(ref seed);
            if (tensor.Type == GgmlType.F32)
            {
                writer.AddTensor(tensor.Name, tensor.Type, [tensor.Columns], MemoryMarshal.AsBytes<float>(Norm(tensor.Columns, tensorSeed)));
                continue;
            }
            SyntheticBlocks blocks = new(tensor.Type, tensor.Deviation, tensorSeed);
            writer.AddTensor(tensor.Name, tensor.Type, [tensor.Columns, tensor.Rows], (offset, piece) =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                blocks.Fill(offset, piece);
            });
        }
        writer.Write(path);
    }

    private static void AddGeneral(GgufWriter writer, SyntheticShape shape, SyntheticMix mix, ulong seed)
    {
        writer.Add("general.architecture", Architecture);
        writer.Add("general.type", "model");
        writer.Add("general.name", $"Random weights like {shape.Name}, seed {seed}");
        writer.Add("general.file_type", mix.FileType);
        writer.Add("general.quantization_version", 2u);
    }

    private static void AddShape(GgufWriter writer, SyntheticShape shape)
    {
        void Add(string key, int value) => writer.Add($"{Architecture}.{key}", (uint)value);
        Add("block_count", shape.BlockCount);
        Add("context_length", shape.ContextLength);
        Add("embedding_length", shape.EmbeddingLength);
        Add("feed_forward_length", shape.FeedForwardLength);
        Add("attention.head_count", shape.HeadCount);
        Add("attention.head_count_kv", shape.HeadCountKv);
        Add("attention.key_length", shape.KeyLength);
        Add("attention.value_length", shape.KeyLength);
        writer.Add($"{Architecture}.rope.freq_base", shape.RopeFreqBase);
        writer.Add($"{Architecture}.attention.layer_norm_rms_epsilon", Epsilon);
    }

    private static void AddVocabulary(GgufWriter writer, SyntheticVocabulary vocabulary)
    {
        writer.Add(TokenizerKeys.Model, "gpt2");
        writer.Add(TokenizerKeys.Pre, "qwen2");
        writer.AddArray(TokenizerKeys.Tokens, vocabulary.Pieces);
        writer.AddArray(TokenizerKeys.TokenType, vocabulary.Types);
        writer.AddArray(TokenizerKeys.Merges, vocabulary.Merges);
        writer.Add(TokenizerKeys.EosTokenId, (uint)vocabulary.EndOfTurn);
        writer.Add(TokenizerKeys.PaddingTokenId, (uint)vocabulary.EndOfText);
        writer.Add(TokenizerKeys.BosTokenId, (uint)vocabulary.EndOfText);
        writer.Add(TokenizerKeys.AddBosToken, false);
        writer.Add("tokenizer.chat_template", ChatTemplate);
    }

    /// <summary>The tensors in the order of a published file.</summary>
    private static IEnumerable<Tensor> Tensors(SyntheticShape shape, SyntheticMix mix)
    {
        int width = shape.EmbeddingLength, queries = shape.HeadCount * shape.KeyLength, keys = shape.HeadCountKv * shape.KeyLength;
        Tensor Matrix(string role, int block, int rows, int columns, float gain = 1) => new(
            block < 0 ? $"{role}.weight" : $"blk.{block}.{role}.weight", mix.TypeOf(role, block, shape), columns, rows, gain / MathF.Sqrt(columns));
        Tensor Norm(string role, int block, int length) => new(block < 0 ? $"{role}.weight" : $"blk.{block}.{role}.weight", GgmlType.F32, length, 1, 0);

        if (!shape.TiedEmbedding)
        {
            yield return Matrix("output", -1, shape.VocabularySize, width, HeadGain);
        }
        yield return Norm("output_norm", -1, width);
        yield return Matrix("token_embd", -1, shape.VocabularySize, width, HeadGain);
        for (int i = 0; i < shape.BlockCount; i++)
        {
            yield return Matrix("attn_k", i, keys, width);
            yield return Norm("attn_k_norm", i, shape.KeyLength);
            yield return Norm("attn_norm", i, width);
            yield return Matrix("attn_output", i, width, queries);
            yield return Matrix("attn_q", i, queries, width);
            yield return Norm("attn_q_norm", i, shape.KeyLength);
            yield return Matrix("attn_v", i, keys, width);
            yield return Matrix("ffn_down", i, width, shape.FeedForwardLength);
            yield return Matrix("ffn_gate", i, shape.FeedForwardLength, width);
            yield return Norm("ffn_norm", i, width);
            yield return Matrix("ffn_up", i, shape.FeedForwardLength, width);
        }
    }

    /// <summary>Weights of an RMSNorm, in 0.9 to 1.1.</summary>
    private static float[] Norm(int length, ulong seed)
    {
        Xoshiro256 random = new(seed);
        float[] weights = new float[length];
        for (int i = 0; i < length; i++)
        {
            weights[i] = 0.9f + 0.2f * (float)random.NextDouble();
        }
        return weights;
    }

    /// <param name="Name">Full name.</param>
    /// <param name="Type">Format; F32 for norms.</param>
    /// <param name="Columns">Length of a row.</param>
    /// <param name="Rows">Number of rows.</param>
    /// <param name="Deviation">Standard deviation of the weights of a matrix.</param>
    private sealed record Tensor(string Name, GgmlType Type, int Columns, int Rows, float Deviation);
}
