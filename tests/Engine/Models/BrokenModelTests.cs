using System.Text;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>Files that cannot be loaded are refused with one sentence that names what is wrong.</summary>
public sealed class BrokenModelTests
{
    [Theory]
    [InlineData("general.architecture", 12, "mamba", "architecture 'mamba' is not supported")]
    [InlineData("blk.0.attn_q.weight", 20, "\u0013\0\0\0", "blk.0.attn_q.weight")]
    [InlineData("tokenizer.ggml.pre", 12, "qwenX", "qwenX")]
    [InlineData("qwen3.attention.head_count_kv", 4, "\u0003\0\0\0", "head_count_kv 3")]
    [InlineData("qwen3.block_count", 4, "\u0009\0\0\0", "blk.2.attn_norm.weight")]
    [InlineData("qwen3.embedding_length", 4, "\0\u0002\0\0", "token_embd.weight")]
    [InlineData("blk.1.ffn_up.weight", -1, "s", "blk.1.ffn_up.weight")]
    public void OneClearSentence(string name, int offset, string replacement, string expected)
    {
        byte[] bytes = File.ReadAllBytes(RepoPaths.Vector("models", "qwen3-q8_0.gguf"));
        int at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name)) + name.Length + offset;
        Encoding.Latin1.GetBytes(replacement).CopyTo(bytes.AsSpan(at));
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".gguf");
        File.WriteAllBytes(path, bytes);
        try
        {
            var error = Assert.Throws<TextEngineException>(() => LanguageModel.Load(path, new ModelOptions { Threads = 1 }));
            Assert.Equal(TextEngineErrorKind.InvalidModel, error.Kind);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        var error = Assert.Throws<TextEngineException>(() => LanguageModel.Load("no-such-model.gguf", new ModelOptions { Threads = 1 }));
        Assert.Contains("no-such-model.gguf", error.Message, StringComparison.Ordinal);
    }
}
