using LocalLlm.Engine.Conversion;
using LocalLlm.Engine.Tests.Encoders;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>Checkpoints of BERT become files that compute what the model did, and those that cannot are refused.</summary>
public sealed class EncoderConversionTests
{
    private static readonly RerankRequest s_request = new() { Query = "ab, c", Documents = ["d e f.", "", "ab, c", "[SEP] x y"] };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACrossEncoderScoresAsBefore(bool old)
    {
        using BertCheckpoint checkpoint = new(ranks: true, old);
        Convert(checkpoint);
        await using ITextEngine before = Open(checkpoint.Original), after = Open(checkpoint.Result);
        RerankResult expected = await before.RerankAsync(s_request), result = await after.RerankAsync(s_request);
        Assert.Equal(RerankMethod.CrossEncoder, result.Method);
        Assert.Equal(expected.Scores, result.Scores);
        Assert.Equal(4, result.Scores.Distinct().Count());
        Assert.Equal(expected.PromptTokens, result.PromptTokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnEncoderEmbedsAsBefore(bool old)
    {
        using BertCheckpoint checkpoint = new(ranks: false, old);
        Convert(checkpoint);
        await using ITextEngine before = Open(checkpoint.Original), after = Open(checkpoint.Result);
        EmbeddingRequest request = new() { Inputs = ["ab, C.", "unknown é word", ""] };
        Assert.Equal((await before.EmbedAsync(request)).Vectors, (await after.EmbedAsync(request)).Vectors);
    }

    [Fact]
    public void TokensAndKeysAreThoseOfTheFile()
    {
        using BertCheckpoint checkpoint = new(ranks: true, old: false);
        Convert(checkpoint, GgmlType.F16);
        using GgufFile before = GgufFile.Open(checkpoint.Original), after = GgufFile.Open(checkpoint.Result);
        Assert.Equal(SmallEncoder.Tokens, after.Metadata.GetStrings("tokenizer.ggml.tokens"));
        const string types = "tokenizer.ggml.token_type";
        Assert.Equal(before.Metadata.TryGetInt32s(types, out int[]? expected) ? expected : [], after.Metadata.TryGetInt32s(types, out int[]? actual) ? actual : []);
        foreach ((string key, GgufValue value) in before.Metadata)
        {
            if (key is not ("tokenizer.ggml.tokens" or "general.name"))
            {
                Assert.Equal(value.ToString(), after.Metadata.TryGetValue(key, out GgufValue? other) ? other.ToString() : $"{key} is missing");
            }
        }
        Assert.Equal(before.Tensors.Select(tensor => tensor.Name).Order(), after.Tensors.Select(tensor => tensor.Name).Order());
        Assert.Equal(["cls.output.weight", "position_embd.weight", "token_types.weight"], after.Tensors.Where(tensor => tensor.Name.EndsWith(".weight", StringComparison.Ordinal) && !tensor.Name.Contains("norm", StringComparison.Ordinal) && tensor.Type == GgmlType.F32).Select(tensor => tensor.Name).Order());
    }

    [Theory]
    [InlineData("config.json", "hidden_act", "\"relu\"", "the activation 'relu'")]
    [InlineData("config.json", "position_embedding_type", "\"relative_key\"", "positions of the kind 'relative_key'")]
    [InlineData("config.json", "is_decoder", "true", "a BERT that decodes")]
    [InlineData("config.json", "num_attention_heads", "5", "cannot be shared by 5 heads")]
    [InlineData("config.json", "id2label", "{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"}", "it puts texts into 3 classes")]
    [InlineData("config.json", "id2label", "null", "it puts texts into 2 classes")]
    [InlineData("config.json", "num_hidden_layers", "3", "'bert.encoder.layer.2.attention.self.query.weight' is missing")]
    [InlineData("config.json", "num_hidden_layers", "1", "is not part of the architecture 'bert'")]
    [InlineData("config.json", "type_vocab_size", "3", "but config.json calls for [3, 64]")]
    [InlineData("config.json", "architectures", "[\"BertLMHeadModel\"]", "those that can are LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, BertModel, BertForSequenceClassification")]
    [InlineData("tokenizer.json", "model.type", "\"BPE\"", "of the kind 'BPE'; those of BERT that can be converted are WordPiece")]
    [InlineData("tokenizer.json", "model.continuing_subword_prefix", "\"@@\"", "continued otherwise than by ##")]
    [InlineData("tokenizer.json", "normalizer.lowercase", "false", "an uncased BERT")]
    [InlineData("tokenizer.json", "normalizer", "null", "an uncased BERT")]
    [InlineData("tokenizer.json", "pre_tokenizer.type", "\"Whitespace\"", "not BERT's (pre_tokenizer)")]
    [InlineData("tokenizer_config.json", "cls_token", "\"[MASK]\"", "no token '[MASK]' (cls_token)")]
    public void WhatCannotBeConvertedIsRefused(string file, string property, string value, string problem)
    {
        using BertCheckpoint checkpoint = new(ranks: true, old: false);
        checkpoint.Edit(file, property, value);
        string message = Assert.Throws<TextEngineException>(() => ModelConverter.Open(checkpoint.Folder).Dispose()).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    private static ITextEngine Open(string path) => TextEngines.Open(path, new ModelOptions { Threads = 1 });

    private static void Convert(BertCheckpoint checkpoint, GgmlType? type = null)
    {
        using ModelConverter converter = ModelConverter.Open(checkpoint.Folder, new ConversionOptions { MatrixType = type });
        Assert.Equal("bert", converter.Architecture);
        converter.Write(checkpoint.Result);
    }
}
