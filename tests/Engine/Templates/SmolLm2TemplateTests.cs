using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>The chat template in the bundled model's file.</summary>
public class SmolLm2TemplateTests
{
    private static readonly JsonObject Golden = JsonNode.Parse(File.ReadAllText(RepoPaths.Vector("models-real", "smollm2-135m.json")))!.AsObject();

    [Fact]
    public void Renders_the_reference_conversations()
    {
        using GgufFile file = GgufFile.Open(Path.Combine(RepoPaths.Root, "models", (string)Golden["file"]!));
        ChatTemplate template = new(file.Metadata.GetString("tokenizer.chat_template"), "<|im_start|>", "<|im_end|>");
        JsonObject[] chats = [.. Golden["prompts"]!.AsArray().Select(prompt => prompt!.AsObject()).Where(prompt => (string?)prompt["kind"] == "chat")];
        Assert.Equal(5, chats.Length);
        foreach (JsonObject chat in chats)
        {
            ChatMessage[] messages = [.. chat["messages"]!.AsArray().Select(ChatMessages.Parse)];
            Assert.Equal((string?)chat["rendered"], template.RenderPrompt(messages, [], null));
        }
    }
}
