namespace LocalLlm.Engine.Tokenization;

/// <summary>The GGUF keys that a tokenizer is made from (GGUF specification, section "Tokenizer").</summary>
internal static class TokenizerKeys
{
    /// <summary>Kind of tokenizer: <c>gpt2</c>, <c>llama</c> or <c>bert</c> here.</summary>
    public const string Model = "tokenizer.ggml.model";

    /// <summary>Name of the pre-tokenizer of a <c>gpt2</c> tokenizer.</summary>
    public const string Pre = "tokenizer.ggml.pre";

    /// <summary>The pieces, by token id.</summary>
    public const string Tokens = "tokenizer.ggml.tokens";

    /// <summary>Scores of the pieces of a <c>llama</c> tokenizer.</summary>
    public const string Scores = "tokenizer.ggml.scores";

    /// <summary>A <see cref="Tokenization.TokenType"/> for each token.</summary>
    public const string TokenType = "tokenizer.ggml.token_type";

    /// <summary>Merges of a <c>gpt2</c> tokenizer, best first.</summary>
    public const string Merges = "tokenizer.ggml.merges";

    /// <summary>Token that begins a text.</summary>
    public const string BosTokenId = "tokenizer.ggml.bos_token_id";

    /// <summary>Token that ends a text.</summary>
    public const string EosTokenId = "tokenizer.ggml.eos_token_id";

    /// <summary>Token that ends a turn.</summary>
    public const string EotTokenId = "tokenizer.ggml.eot_token_id";

    /// <summary>Token that ends a message within a turn (Llama 3's tool calls).</summary>
    public const string EomTokenId = "tokenizer.ggml.eom_token_id";

    /// <summary>Token that begins a text of a <c>bert</c> tokenizer.</summary>
    public const string ClsTokenId = "tokenizer.ggml.cls_token_id";

    /// <summary>Token that ends a text of a <c>bert</c> tokenizer; the format spells it so.</summary>
    public const string SepTokenId = "tokenizer.ggml.seperator_token_id";

    /// <summary>Token of text that the vocabulary cannot spell.</summary>
    public const string UnknownTokenId = "tokenizer.ggml.unknown_token_id";

    /// <summary>Token that fills up batches; checked, not used.</summary>
    public const string PaddingTokenId = "tokenizer.ggml.padding_token_id";

    /// <summary>Whether BOS is put before a text.</summary>
    public const string AddBosToken = "tokenizer.ggml.add_bos_token";

    /// <summary>Whether EOS is put after a text.</summary>
    public const string AddEosToken = "tokenizer.ggml.add_eos_token";

    /// <summary>Whether a <c>llama</c> tokenizer puts a space before a text.</summary>
    public const string AddSpacePrefix = "tokenizer.ggml.add_space_prefix";
}
