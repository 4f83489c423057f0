using LocalLlm.Engine.Transformer;

namespace LocalLlm.Server.Models;

/// <summary>The shape of a BERT encoder as its published <c>config.json</c> gives it, for memory plans, beside <see cref="CatalogueShape"/> for models that talk. All numbers are positive.</summary>
internal sealed record CatalogueEncoderShape
{
    /// <summary>Transformer blocks (<c>num_hidden_layers</c>).</summary>
    public required int Blocks { get; init; }

    /// <summary>Width of the hidden states (<c>hidden_size</c>).</summary>
    public required int Width { get; init; }

    /// <summary>Width of the feed-forward's inner layer (<c>intermediate_size</c>).</summary>
    public required int FeedForward { get; init; }

    /// <summary>Heads (<c>num_attention_heads</c>); divides <see cref="Width"/>.</summary>
    public required int Heads { get; init; }

    /// <summary>Rows of the token embedding (<c>vocab_size</c>).</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Rows of the embedding of token types (<c>type_vocab_size</c>).</summary>
    public required int TokenTypes { get; init; }

    /// <summary>The configuration that loading the model would read. What no memory depends on (epsilon, pooling) has the usual values.</summary>
    /// <param name="architecture">GGUF architecture.</param>
    /// <param name="context">Positions that the model has embeddings for.</param>
    public EncoderConfig ToConfig(string architecture, int context) => new()
    {
        Architecture = architecture,
        BlockCount = Blocks,
        EmbeddingLength = Width,
        FeedForwardLength = FeedForward,
        HeadCount = Heads,
        ContextLength = context,
        VocabularySize = Vocabulary,
        TokenTypeCount = TokenTypes,
        LayerNormEpsilon = 1e-12f,
        PoolingType = PoolingType.Mean,
    };

    /// <summary>The tensors that a file of this shape holds; their roles are names without block and <c>.weight</c>.</summary>
    /// <param name="context">Positions that the model has embeddings for.</param>
    public IEnumerable<CatalogueTensor> Tensors(int context)
    {
        yield return new("token_embd", -1, Width, Vocabulary);
        yield return new("position_embd", -1, Width, context);
        yield return new("token_types", -1, Width, TokenTypes);
        foreach (string part in new[] { "token_embd_norm", "token_embd_norm.bias" })
        {
            yield return new(part, -1, Width, 1);
        }
        for (int block = 0; block < Blocks; block++)
        {
            foreach ((string role, int columns, int rows) in new[]
            {
                ("attn_q", Width, Width), ("attn_k", Width, Width), ("attn_v", Width, Width), ("attn_output", Width, Width),
                ("ffn_up", Width, FeedForward), ("ffn_down", FeedForward, Width),
            })
            {
                yield return new(role, block, columns, rows);
                yield return new($"{role}.bias", block, rows, 1);
            }
            foreach (string norm in new[] { "attn_output_norm", "layer_output_norm" })
            {
                yield return new(norm, block, Width, 1);
                yield return new($"{norm}.bias", block, Width, 1);
            }
        }
    }
}
