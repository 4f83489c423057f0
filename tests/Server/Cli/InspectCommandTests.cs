using System.Text.Json;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

public class InspectCommandTests
{
    private static readonly string s_model = RepoPaths.Vector("models", "qwen3-q4_k_m.gguf");

    [Fact]
    public async Task JsonHoldsMetadataTensorsAndTotals()
    {
        JsonElement json = await JsonAsync("inspect", "smollm2", "--json");
        Assert.Equal(98362432, json.GetProperty("bytes").GetInt64());
        Assert.Equal(134515008, json.GetProperty("parameters").GetInt64());
        JsonElement metadata = json.GetProperty("metadata");
        Assert.Equal("uint32", metadata.GetProperty("llama.block_count").GetProperty("type").GetString());
        Assert.Equal(30, metadata.GetProperty("llama.block_count").GetProperty("value").GetInt32());
        Assert.Equal(1e-5f, metadata.GetProperty("llama.attention.layer_norm_rms_epsilon").GetProperty("value").GetSingle());
        JsonElement tokens = metadata.GetProperty("tokenizer.ggml.tokens").GetProperty("value");
        Assert.Equal(49152, tokens.GetProperty("count").GetInt32());
        Assert.Equal(8, tokens.GetProperty("first").GetArrayLength());

        JsonElement embedding = json.GetProperty("tensors").EnumerateArray().Single(tensor => tensor.GetProperty("name").GetString() == "token_embd.weight");
        Assert.Equal("Q8_0", embedding.GetProperty("type").GetString());
        Assert.Equal([576, 49152], embedding.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32()));
        Assert.Equal(576 * 49152 / 32 * 34, embedding.GetProperty("bytes").GetInt64());
        Assert.Equal(["Q4_1", "Q8_0", "F32"], json.GetProperty("totals").EnumerateArray().Select(total => total.GetProperty("type").GetString()));
        Assert.Equal(134515008, json.GetProperty("totals").EnumerateArray().Sum(total => total.GetProperty("elements").GetInt64()));
    }

    [Fact]
    public async Task FullShortensNothing()
    {
        JsonElement json = await JsonAsync("inspect", "smollm2", "--json", "--full");
        JsonElement metadata = json.GetProperty("metadata");
        Assert.Equal(49152, metadata.GetProperty("tokenizer.ggml.tokens").GetProperty("value").GetArrayLength());
        Assert.Contains("<|im_start|>", metadata.GetProperty("tokenizer.chat_template").GetProperty("value").GetString());
    }

    [Fact]
    public async Task TextShowsTheSame()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("inspect", s_model));
        string text = cli.Out.ToString();
        Assert.StartsWith(s_model + "\nGGUF version 3, ", text, StringComparison.Ordinal);
        Assert.Matches(@"\n  general\.architecture +string +""qwen3""\n", text);
        Assert.Matches(@"\n  blk\.0\.attn_q\.weight +Q4_K +\[256, \d+\] +\d+\n", text);
        Assert.Matches(@"\n  Q6_K +\d+ +\d+ +\d+ +6\.563\n", text);
        Assert.All(text, character => Assert.False(char.IsControl(character) && character != '\n'));
    }

    private static async Task<JsonElement> JsonAsync(params string[] args)
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync(args));
        return JsonDocument.Parse(cli.Out.ToString()).RootElement;
    }
}
