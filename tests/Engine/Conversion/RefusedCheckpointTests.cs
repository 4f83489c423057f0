using System.Text.Json.Nodes;
using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>What cannot be converted is refused with one sentence that names it, before anything is written.</summary>
public sealed class RefusedCheckpointTests
{
    [Fact]
    public void ModelsWithExpertsAreRefusedByTheirConfigurationAlone()
    {
        using CheckpointCopy copy = new("qwen3moe");
        string message = copy.Refuse();
        Assert.Contains("models with experts such as 'Qwen3MoeForCausalLM' cannot be converted", message, StringComparison.Ordinal);
        Assert.Contains("LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("architectures", "[\"GemmaForCausalLM\"]", "'GemmaForCausalLM' cannot be converted; those that can are LlamaForCausalLM")]
    [InlineData("architectures", "[]", "does not name the model's class")]
    [InlineData("architectures", "[3]", "architectures must be a text, not '[3]'")]
    [InlineData("architectures", "\"x\"", "architectures must be a list")]
    [InlineData("hidden_size", "0", "hidden_size must be a whole number from 1")]
    [InlineData("hidden_size", "null", "hidden_size is missing")]
    [InlineData("hidden_size", "\"256\"", "hidden_size must be a whole number")]
    [InlineData("hidden_size", "128", "'model.embed_tokens.weight' is [1280, 256], but config.json calls for [1280, 128]")]
    [InlineData("num_hidden_layers", "3", "'model.layers.2.input_layernorm.weight' is missing")]
    [InlineData("num_hidden_layers", "1", "is not part of the architecture 'qwen3'")]
    [InlineData("num_key_value_heads", "3", "4 heads of 128 with 3")]
    [InlineData("vocab_size", "1279", "[1280, 256]")]
    [InlineData("tie_word_embeddings", "false", "'lm_head.weight' is missing")]
    [InlineData("hidden_act", "\"gelu\"", "the activation 'gelu'")]
    [InlineData("quantization_config", "{\"quant_method\":\"fp8\"}", "quantized already")]
    [InlineData("partial_rotary_factor", "0.5", "part of a head")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\"]", "sliding window")]
    [InlineData("rope_theta", "0.5", "rope_theta must be a number from 1")]
    [InlineData("rope_scaling", "{\"type\":\"dynamic\",\"factor\":2}", "'dynamic' is not supported; supported are linear, llama3 and yarn")]
    [InlineData("rope_scaling", "{\"type\":\"linear\",\"factor\":0}", "factor must be a number above 0")]
    [InlineData("rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":8}", "low_freq_factor is missing")]
    [InlineData("rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":4,\"truncate\":false}", "truncate false")]
    [InlineData("rope_scaling", "[]", "rope_scaling must be an object")]
    public void AConfigurationIsRefused(string property, string value, string problem)
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("config.json", json => json[property] = JsonNode.Parse(value));
        Check(copy, problem);
    }

    [Fact]
    public void ASlidingWindowInTheOlderStyleIsRefused()
    {
        using CheckpointCopy copy = new("qwen2");
        copy.Edit("config.json", json => json["use_sliding_window"] = true);
        copy.Edit("config.json", json => json["max_window_layers"] = 1);
        Check(copy, "sliding window");
        copy.Edit("config.json", json => json["max_window_layers"] = 2);
        copy.Convert().Dispose();
    }

    [Theory]
    [InlineData("model.type", "\"WordPiece\"", "of the kind 'WordPiece'")]
    [InlineData("model.byte_fallback", "true", "SentencePiece's kind")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "ends of words")]
    [InlineData("model.vocab", "{\"a\":0,\"b\":0}", "stands twice in the vocabulary")]
    [InlineData("model.vocab", "{\"a\":-1}", "'a' has no number from 0")]
    [InlineData("model.vocab", "{\"a\":1280}", "1281 tokens, but the embedding only 1280 rows")]
    [InlineData("model.merges", "[\"a b c\"]", "'a b c' is not of two pieces")]
    [InlineData("model.merges", "[[\"a\"]]", "merges must be a text")]
    [InlineData("model.ignore_merges", "true", "its way of cutting text")]
    [InlineData("normalizer", "{\"type\":\"Lowercase\"}", "another way than NFC")]
    [InlineData("pre_tokenizer", "{\"type\":\"Whitespace\"}", "its way of cutting text")]
    [InlineData("pre_tokenizer", "null", "its way of cutting text")]
    [InlineData("added_tokens", "[{\"id\":0,\"content\":\"<x>\"}]", "'<x>' or its number 0 is taken already")]
    [InlineData("added_tokens", "[{\"id\":1279,\"content\":\"!\"}]", "'!' or its number 1279 is taken already")]
    [InlineData("added_tokens", "{}", "added_tokens must be a list")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing\"}", "'BertProcessing' is not supported")]
    public void ATokenizerIsRefused(string path, string value, string problem)
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("tokenizer.json", json =>
        {
            string[] steps = path.Split('.');
            JsonNode parent = steps.Length == 1 ? json : json[steps[0]]!;
            parent[steps[^1]] = JsonNode.Parse(value);
        });
        Check(copy, problem);
    }

    [Theory]
    [InlineData("config.json", "it has no config.json")]
    [InlineData("tokenizer.json", "it has no tokenizer.json")]
    public void AMissingFileIsNamed(string file, string problem)
    {
        using CheckpointCopy copy = new("qwen3-tied");
        File.Delete(copy[file]);
        Check(copy, problem);
    }

    [Theory]
    [InlineData("{", "no valid JSON")]
    [InlineData("[]", "no JSON object")]
    [InlineData("{\"architectures\": [\"\\udc00\"]}", "no valid JSON")]
    public void AFileThatIsNoJsonObjectIsNamed(string text, string problem)
    {
        using CheckpointCopy copy = new("qwen3-tied");
        File.WriteAllText(copy["config.json"], text);
        Check(copy, problem);
    }

    [Theory]
    [InlineData("pooling_mode_max_tokens", true, "'pooling_mode_max_tokens with pooling_mode_lasttoken' is not supported")]
    [InlineData("pooling_mode_lasttoken", false, "the pooling '' is not supported")]
    public void APoolingIsRefused(string property, bool value, string problem)
    {
        using CheckpointCopy copy = new("qwen3-embedding");
        copy.Edit("1_Pooling/config.json", json => json[property] = value);
        Check(copy, problem);
    }

    [Theory]
    [InlineData("sentence_transformers.models.Dense")]
    [InlineData("sentence_transformers.models.WeightedLayerPooling")]
    public void AStepThatWouldBeLeftOutIsRefused(string type)
    {
        using CheckpointCopy copy = new("qwen3-embedding");
        copy.Edit("modules.json", json => json.AsArray().Insert(2, new JsonObject { ["idx"] = 2, ["name"] = "2", ["path"] = "2_Step", ["type"] = type }));
        Check(copy, $"the module '{type}' is not supported; supported are Transformer, Pooling and Normalize");
    }

    [Fact]
    public void APoolingElsewhereIsNotRead()
    {
        using CheckpointCopy copy = new("qwen3-embedding");
        copy.Edit("modules.json", json => json[1]!["path"] = "../../1_Pooling");
        Check(copy, "no plain name of a folder");
    }

    [Fact]
    public void AMissingDirectoryIsNamed() =>
        Assert.Contains("there is no such directory", Assert.Throws<TextEngineException>(() => ModelConverter.Open("/nowhere/at/all")).Message, StringComparison.Ordinal);

    [Fact]
    public void OtherFormatsAreNotConvertedTo() =>
        Assert.Throws<ArgumentException>(() => ModelConverter.Open(CheckpointCopy.Original("qwen2"), new ConversionOptions { MatrixType = GgmlType.Q8_0 }));

    private static void Check(CheckpointCopy copy, string problem)
    {
        string message = copy.Refuse();
        Assert.StartsWith($"Cannot use '{Path.GetDirectoryName(copy.Directory)}", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
    }
}
