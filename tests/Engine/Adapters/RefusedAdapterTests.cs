using System.Text.Json.Nodes;
using LocalLlm.Engine.Tests.Conversion;
using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Adapters;

/// <summary>Adapters that do not fit, or ask for more than is computed, are refused with one sentence.</summary>
public sealed class RefusedAdapterTests(ConvertedModels models) : IClassFixture<ConvertedModels>
{
    [Theory]
    [InlineData("peft_type", "\"IA3\"", "peft_type must be \"LORA\"")]
    [InlineData("use_dora", "true", "use_dora")]
    [InlineData("bias", "\"all\"", "biases")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save")]
    [InlineData("lora_alpha", "null", "lora_alpha is missing")]
    [InlineData("alpha_pattern", "{\".*q_proj\":4}", "'.*q_proj' in alpha_pattern is not a plain name")]
    public void AConfigurationIsRefused(string property, string value, string problem)
    {
        using CheckpointCopy copy = new("qwen3-tied-lora");
        copy.Edit("adapter_config.json", json => json[property] = JsonNode.Parse(value));
        Assert.Contains(problem, Refuse("qwen3-tied", copy.Directory), StringComparison.Ordinal);
    }

    [Fact]
    public void ListsOfNothingAskForNothing()
    {
        using CheckpointCopy copy = new("qwen3-tied-lora");
        copy.Edit("adapter_config.json", json => (json["modules_to_save"], json["alora_invocation_tokens"]) = (new JsonArray(), null));
        using LanguageModel model = LanguageModel.Load(models.Path("qwen3-tied"), new ModelOptions { Threads = 1, Adapters = [new AdapterOptions(copy.Directory)] });
        Assert.NotNull(model);
    }

    [Theory]
    [InlineData("adapter.gguf", "is for models of the architecture 'llama', and this one is 'qwen3'")]
    [InlineData("", "heads of|make one of")]
    public void AnAdapterForAnotherModelIsRefused(string form, string problem)
    {
        string message = Refuse("qwen3-tied", Path.TrimEndingDirectorySeparator(RepoPaths.Vector("hf", "llama3-lora", form)));
        Assert.Contains(problem.Split('|'), part => message.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void AModelIsNoAdapter() => Assert.Contains("it is no LoRA adapter", Refuse("qwen3-tied", models.Path("qwen3-tied")), StringComparison.Ordinal);

    [Fact]
    public void OneHalfOfAPairIsRefused()
    {
        string path = Path.Combine(Path.GetDirectoryName(models.Path("qwen3-tied"))!, "half.gguf");
        Write(path, "blk.0.attn_q.weight.lora_a", 8, 256);
        Assert.Contains("no two matrices", Refuse("qwen3-tied", path), StringComparison.Ordinal);
        Write(path, "blk.0.attn_q.weight.lora_b", 512, 8);
        Assert.Contains("no place", Refuse("qwen3-tied", path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("token_embd.weight")]
    [InlineData("blk.2.attn_q.weight")]
    [InlineData("blk.0.attn_norm.weight")]
    public void AMatrixThatTheModelLacksIsNamed(string target)
    {
        string path = Path.Combine(Path.GetDirectoryName(models.Path("qwen3-tied"))!, $"{target}.gguf");
        Write(path, $"{target}.lora_a", 8, 256, $"{target}.lora_b", 512);
        Assert.Contains($"changes '{target}'", Refuse("qwen3-tied", path), StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingAdapterIsNamed() => Assert.Contains("/nowhere/a.gguf", Refuse("qwen3-tied", "/nowhere/a.gguf"), StringComparison.Ordinal);

    private static void Write(string path, string a, int rows, int columns, string? b = null, int outputs = 0)
    {
        GgufWriter writer = new();
        writer.Add("general.architecture", "qwen3");
        writer.Add("general.type", "adapter");
        writer.Add("adapter.type", "lora");
        writer.AddTensor(a, GgmlType.F32, [columns, rows], new byte[rows * columns * sizeof(float)]);
        if (b is not null)
        {
            writer.AddTensor(b, GgmlType.F32, [rows, outputs], new byte[rows * outputs * sizeof(float)]);
        }
        writer.Write(path);
    }

    private string Refuse(string model, string adapter) => Assert.Throws<TextEngineException>(
        () => LanguageModel.Load(models.Path(model), new ModelOptions { Threads = 1, Adapters = [new AdapterOptions(adapter)] }).Dispose()).Message;
}
