using LocalLlm.Engine.Transformer;
using LocalLlm.Kernels;

namespace LocalLlm.Server.Models;

/// <summary>Where the matrix that gives the logits comes from.</summary>
internal enum OutputHead
{
    /// <summary>It is the token embedding, and the file holds that once.</summary>
    Shared,

    /// <summary>It is the token embedding, which the file holds a second time.</summary>
    Copied,

    /// <summary>It is a matrix of its own.</summary>
    Own,
}

/// <summary>
/// The shape of a model as its published <c>config.json</c> gives it: what a memory plan needs to know before anything has been downloaded. All numbers are
/// positive.
/// </summary>
internal sealed record CatalogueShape
{
    /// <summary>Transformer blocks (<c>num_hidden_layers</c>).</summary>
    public required int Blocks { get; init; }

    /// <summary>Width of the residual stream (<c>hidden_size</c>).</summary>
    public required int Width { get; init; }

    /// <summary>Width of the feed-forward's inner layer (<c>intermediate_size</c>).</summary>
    public required int FeedForward { get; init; }

    /// <summary>Query heads (<c>num_attention_heads</c>).</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads (<c>num_key_value_heads</c>).</summary>
    public required int HeadsKv { get; init; }

    /// <summary>Width of a query, key or value head (<c>head_dim</c>, where that is missing width / heads).</summary>
    public required int KeyLength { get; init; }

    /// <summary>Rows of the token embedding (<c>vocab_size</c>).</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Where the output head comes from (<c>tie_word_embeddings</c>, and what the file makes of it).</summary>
    public required OutputHead Output { get; init; }

    /// <summary>The configuration that loading the model would read. What no memory depends on (RoPE, epsilon) has the values of an unscaled model.</summary>
    /// <param name="architecture">GGUF architecture.</param>
    /// <param name="context">Positions that the model was trained for.</param>
    public TransformerConfig ToConfig(string architecture, int context) => new()
    {
        Architecture = architecture,
        BlockCount = Blocks,
        EmbeddingLength = Width,
        FeedForwardLength = FeedForward,
        HeadCount = Heads,
        HeadCountKv = HeadsKv,
        KeyLength = KeyLength,
        ValueLength = KeyLength,
        ContextLength = context,
        VocabularySize = Vocabulary,
        LayerNormRmsEpsilon = 1e-6f,
        RopePairing = architecture == "llama" ? RopePairing.Adjacent : RopePairing.Halves,
        RopeDimensionCount = KeyLength,
        RopeFreqBase = 10000f,
        RopeScaling = new RopeScaling(),
        PoolingType = PoolingType.None,
    };

    /// <summary>The tensors that a file of this shape holds, but for tables of a few bytes (<c>rope_freqs</c>).</summary>
    /// <param name="architecture">GGUF architecture: <c>qwen2</c> adds biases to queries, keys and values, <c>qwen3</c> norms to queries and keys.</param>
    public IEnumerable<CatalogueTensor> Tensors(string architecture)
    {
        yield return new("token_embd", -1, Width, Vocabulary);
        yield return new("output_norm", -1, Width, 1);
        if (Output != OutputHead.Shared)
        {
            yield return new("output", -1, Width, Vocabulary);
        }
        for (int block = 0; block < Blocks; block++)
        {
            foreach (CatalogueTensor tensor in BlockTensors(architecture, block))
            {
                yield return tensor;
            }
        }
    }

    private IEnumerable<CatalogueTensor> BlockTensors(string architecture, int block)
    {
        int queries = Heads * KeyLength, keys = HeadsKv * KeyLength;
        yield return new("attn_norm", block, Width, 1);
        yield return new("ffn_norm", block, Width, 1);
        foreach ((string role, int rows) in new[] { ("attn_q", queries), ("attn_k", keys), ("attn_v", keys) })
        {
            yield return new(role, block, Width, rows);
            if (architecture == "qwen2")
            {
                yield return new($"{role}_bias", block, rows, 1);
            }
        }
        if (architecture == "qwen3")
        {
            yield return new("attn_q_norm", block, KeyLength, 1);
            yield return new("attn_k_norm", block, KeyLength, 1);
        }
        yield return new("attn_output", block, queries, Width);
        yield return new("ffn_gate", block, Width, FeedForward);
        yield return new("ffn_up", block, Width, FeedForward);
        yield return new("ffn_down", block, FeedForward, Width);
    }
}

/// <summary>A tensor of a shape.</summary>
/// <param name="Role">Its name in a GGUF file without block and <c>.weight</c>.</param>
/// <param name="Block">Its block; -1 outside of the blocks.</param>
/// <param name="Columns">Length of a row.</param>
/// <param name="Rows">Rows; 1 for norms and biases, which are stored as float32.</param>
internal readonly record struct CatalogueTensor(string Role, int Block, long Columns, long Rows)
{
    /// <summary>Number of weights.</summary>
    public long Elements => Columns * Rows;
}
