using System.Text.Json.Nodes;
using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>Details that the checkpoints with an oracle do not have, each in a checkpoint that differs from one of them in this alone.</summary>
public sealed class ConversionDetailTests
{
    [Fact]
    public void AnUnknownTokenThatEndsAnswersGetsAKey()
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("generation_config.json", json => json["eos_token_id"] = new JsonArray(1252, 1274, 1250, 300));
        using GgufFile file = copy.Convert();
        Assert.Equal(1252, file.Metadata.GetInt32("tokenizer.ggml.eos_token_id"));
        Assert.Equal(1274, file.Metadata.GetInt32("tokenizer.ggml.eot_token_id"));
        Assert.Equal(300, file.Metadata.GetInt32("tokenizer.ggml.eom_token_id"));
    }

    [Fact]
    public void WhatThePostProcessorPutsBeforeATextIsBos()
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("tokenizer.json", json => json["post_processor"] = Template("<|im_start|>", 1251, before: true));
        using GgufFile file = copy.Convert();
        Assert.Equal(1251, file.Metadata.GetInt32("tokenizer.ggml.bos_token_id"));
        Assert.True(file.Metadata.GetBoolean("tokenizer.ggml.add_bos_token"));
        Assert.False(file.Metadata.ContainsKey("tokenizer.ggml.add_eos_token"));
    }

    [Theory]
    [InlineData("<|im_start|>", 5000, "'<|im_start|>', which is not one token")]
    [InlineData("<nothing>", null, "'<nothing>', which is not one token")]
    public void APostProcessorMustNameATokenOfTheVocabulary(string token, int? id, string problem)
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("tokenizer.json", json => json["post_processor"] = Template(token, id, before: false));
        Assert.Contains(problem, copy.Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public void OlderSettingsNameTokensByObjectsAndAskForThem()
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("tokenizer_config.json", json =>
        {
            json["bos_token"] = new JsonObject { ["content"] = "<|im_start|>", ["special"] = true };
            json["unk_token"] = "<|vision_pad|>";
            json["add_bos_token"] = true;
            json["add_eos_token"] = true;
        });
        using GgufFile file = copy.Convert();
        Assert.Equal(1251, file.Metadata.GetInt32("tokenizer.ggml.bos_token_id"));
        Assert.Equal(1261, file.Metadata.GetInt32("tokenizer.ggml.unknown_token_id"));
        // The tokenizer's own post-processor has no template, so that the settings decide.
        Assert.True(file.Metadata.GetBoolean("tokenizer.ggml.add_bos_token"));
        Assert.True(file.Metadata.GetBoolean("tokenizer.ggml.add_eos_token"));
    }

    [Fact]
    public void ATemplateInItsOwnFileComesFirst()
    {
        using CheckpointCopy copy = new("qwen3-tied");
        File.WriteAllText(copy["chat_template.jinja"], "from its file");
        using GgufFile file = copy.Convert();
        Assert.Equal("from its file", file.Metadata.GetString("tokenizer.chat_template"));
    }

    [Fact]
    public void OfSeveralTemplatesTheDefaultIsTaken()
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("tokenizer_config.json", json => json["chat_template"] = JsonNode.Parse(
            """[{"name": "tool_use", "template": "with tools"}, {"name": "default", "template": "without"}]"""));
        using GgufFile file = copy.Convert();
        Assert.Equal("without", file.Metadata.GetString("tokenizer.chat_template"));
    }

    [Fact]
    public void OnlyTheFilesOfTheModelAreNeeded()
    {
        using CheckpointCopy copy = new("llama3");
        File.Delete(copy["tokenizer_config.json"]);
        File.Delete(copy["generation_config.json"]);
        using GgufFile file = copy.Convert();
        Assert.False(file.Metadata.ContainsKey("tokenizer.chat_template"));
        Assert.Equal(1252, file.Metadata.GetInt32("tokenizer.ggml.eos_token_id"));
        Assert.False(file.Metadata.ContainsKey("tokenizer.ggml.padding_token_id"));
        Assert.False(file.Metadata.ContainsKey("tokenizer.ggml.add_bos_token"));
    }

    [Fact]
    public void ARepeatedEmbeddingIsNotWrittenTwice()
    {
        // The output head is in the weights, but the configuration says that it is the embedding.
        using CheckpointCopy copy = new("qwen3-sharded");
        copy.Edit("config.json", json => json["tie_word_embeddings"] = true);
        using GgufFile file = copy.Convert();
        Assert.Null(file.Find("output.weight"));
        Assert.Equal(24, file.Tensors.Count);
    }

    [Fact]
    public void LinearScalingInTheStyleOf2023()
    {
        using CheckpointCopy copy = new("qwen3-tied");
        copy.Edit("config.json", json => json["rope_scaling"] = new JsonObject { ["type"] = "linear", ["factor"] = 2.5 });
        using GgufFile file = copy.Convert();
        Assert.Equal("linear", file.Metadata.GetString("qwen3.rope.scaling.type"));
        Assert.Equal(2.5f, file.Metadata.GetSingle("qwen3.rope.scaling.factor"));
    }

    [Theory]
    [InlineData("\"attention_factor\": 1.5", 1.3173733)]
    [InlineData("\"mscale\": 2.0, \"mscale_all_dim\": 1.0", 0.9851767)]
    public void YarnWithSettingsOfItsOwn(string settings, double attnFactor)
    {
        // 1.5 / (1 + 0.1 ln 4), and (1 + 0.2 ln 4) / (1 + 0.1 ln 4)^2: readers multiply the usual factor again.
        using CheckpointCopy copy = new("yarn");
        copy.Edit("config.json", json => json["rope_scaling"] = JsonNode.Parse(
            $$"""{"rope_type": "yarn", "original_max_position_embeddings": 512, "beta_fast": 16, "beta_slow": 2, {{settings}}}"""));
        using GgufFile file = copy.Convert();
        Assert.Equal(4f, file.Metadata.GetSingle("qwen3.rope.scaling.factor")); // the context's 2048 / 512
        Assert.Equal(16f, file.Metadata.GetSingle("qwen3.rope.scaling.yarn_beta_fast"));
        Assert.Equal(2f, file.Metadata.GetSingle("qwen3.rope.scaling.yarn_beta_slow"));
        Assert.Equal(attnFactor, file.Metadata.GetSingle("qwen3.rope.scaling.attn_factor"), 1e-6);
    }

    [Fact]
    public void HeadsOfTheUsualLengthNeedNoKey()
    {
        // Heads of 32, twice as many: the same weights cut in another way.
        using CheckpointCopy copy = new("llama3");
        copy.Edit("config.json", json => (json["hidden_size"], json["head_dim"], json["num_attention_heads"], json["num_key_value_heads"]) = (256, 32, 8, 4));
        using (GgufFile usual = copy.Convert())
        {
            Assert.False(usual.Metadata.ContainsKey("llama.attention.key_length"));
            Assert.Equal(32, usual.Metadata.GetInt32("llama.rope.dimension_count"));
        }
        copy.Edit("config.json", json => (json["head_dim"], json["num_attention_heads"], json["num_key_value_heads"]) = (128, 2, 1));
        using (GgufFile usual = copy.Convert())
        {
            Assert.False(usual.Metadata.ContainsKey("llama.attention.key_length"));
        }
    }

    [Fact]
    public void ANameCanBeGiven()
    {
        using CheckpointCopy copy = new("qwen2");
        using (ModelConverter converter = ModelConverter.Open(copy.Directory + "/./", new ConversionOptions { Name = "mine" }))
        {
            Assert.Equal(("qwen2", GgmlType.F16), (converter.Architecture, converter.MatrixType));
            converter.Write(copy.Result);
        }
        using GgufFile file = GgufFile.Open(copy.Result);
        Assert.Equal("mine", file.Metadata.GetString("general.name"));
    }

    private static JsonObject Template(string token, int? id, bool before)
    {
        JsonObject special = new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = 0 } };
        JsonObject text = new() { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } };
        JsonObject tokens = [];
        if (id is { } number)
        {
            tokens[token] = new JsonObject { ["id"] = token, ["ids"] = new JsonArray(number) };
        }
        return new JsonObject { ["type"] = "TemplateProcessing", ["single"] = before ? new JsonArray(special, text) : new JsonArray(text, special), ["special_tokens"] = tokens };
    }
}
