using BenchmarkDotNet.Attributes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;

namespace LocalLlm.Bench;

/// <summary>How long a chat template takes beside the tokens that it is rendered for: reading it once, and rendering a conversation.</summary>
[MemoryDiagnoser]
public class JinjaBenchmarks
{
    private string _source = null!;
    private ChatTemplate _template = null!;
    private ChatMessage[] _messages = null!;

    /// <summary>Turns of the conversation, of 500 characters each.</summary>
    [Params(2, 20, 200)]
    public int Turns { get; set; }

    /// <summary>Reads Qwen3's template and makes up a conversation.</summary>
    [GlobalSetup]
    public void MakeConversation()
    {
        _source = File.ReadAllText(Checkout.File("tests", "Vectors", "chat", "qwen3.jinja"));
        _template = new ChatTemplate(_source, "", "<|im_end|>");
        _messages = [.. Enumerable.Range(0, Turns).Select(turn => new ChatMessage
        {
            Role = turn % 2 == 0 ? "user" : "assistant",
            Content = string.Concat(Enumerable.Repeat("some words ", 45)),
        })];
    }

    /// <summary>Source to tree.</summary>
    [Benchmark]
    public JinjaTemplate Parse() => JinjaTemplate.Parse(_source);

    /// <summary>Conversation to text.</summary>
    [Benchmark]
    public string Render() => _template.Render(_messages, [], addGenerationPrompt: true, think: null);
}
