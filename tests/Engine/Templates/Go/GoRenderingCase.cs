using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Templates.Go;

/// <summary>A template with what Go's text/template made of it: text, or a failure.</summary>
internal sealed record GoRenderingCase(string Id, string? Expected, Func<string> Render)
{
    private static readonly Lazy<IReadOnlyDictionary<string, GoRenderingCase>> Cases = new(() => Load().ToDictionary(item => item.Id));

    /// <summary>All cases by their id: the committed ones, and those that the environment variable LOCALLLM_ORACLES points at.</summary>
    public static IReadOnlyDictionary<string, GoRenderingCase> All => Cases.Value;

    /// <summary>Where the templates and conversations lie that Go rendered.</summary>
    private static string Folder => Path.Combine(RepoPaths.Root, "tests", "oracles", "go");

    private static IEnumerable<GoRenderingCase> Load()
    {
        string? oracles = Environment.GetEnvironmentVariable("LOCALLLM_ORACLES");
        IEnumerable<GoRenderingCase> cases = Read(RepoPaths.Vector("gotemplates"), "");
        return string.IsNullOrEmpty(oracles) || !Directory.Exists(Path.Combine(oracles, "gotemplates"))
            ? cases
            : cases.Concat(Read(Path.Combine(oracles, "gotemplates"), "now: "));
    }

    private static IEnumerable<GoRenderingCase> Read(string folder, string prefix) =>
        Constructs(Path.Combine(folder, "constructs.jsonl")).Concat(Families(Path.Combine(folder, "families.jsonl")))
            .Select(item => item with { Id = prefix + item.Id });

    private static IEnumerable<GoRenderingCase> Constructs(string file)
    {
        GoMap? data = null;
        foreach (string line in File.ReadLines(file))
        {
            JsonObject item = JsonNode.Parse(line)!.AsObject();
            if (data is null)
            {
                data = GoJsonValues.Map(item["data"]!.AsObject(), GoPrinting.Plain, keepsOrder: false);
                continue;
            }
            string template = (string?)item["template"] ?? "";
            yield return new GoRenderingCase((string)item["id"]!, (string?)item["expected"], () => GoTemplate.Parse(template).Render(data, RenderingCase.Clock));
        }
    }

    private static IEnumerable<GoRenderingCase> Families(string file)
    {
        JsonObject conversations = new(JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "conversations.json")))!.AsArray()
            .Select(item => KeyValuePair.Create((string)item!["title"]!, (JsonNode?)item.DeepClone())));
        foreach (string line in File.ReadLines(file))
        {
            JsonNode item = JsonNode.Parse(line)!;
            string template = File.ReadAllText(Path.Combine(Folder, "families", (string)item["family"]! + ".gotmpl"));
            JsonNode conversation = conversations[(string)item["conversation"]!]!;
            yield return new GoRenderingCase((string)item["id"]!, (string?)item["expected"], () => new GoChatTemplate(template, RenderingCase.Clock).Render(
                [.. conversation["messages"]!.AsArray().Select(Message)],
                [.. (conversation["tools"]?.AsArray() ?? []).Select(tool => tool!.AsObject())],
                (bool?)conversation["think"]));
        }
    }

    /// <summary>A message in the form of Ollama's API.</summary>
    private static ChatMessage Message(JsonNode? message) => new()
    {
        Role = (string)message!["role"]!,
        Content = (string?)message["content"] ?? "",
        Thinking = (string?)message["thinking"],
        ToolName = (string?)message["tool_name"],
        ToolCallId = (string?)message["tool_call_id"],
        ToolCalls = [.. (message["tool_calls"]?.AsArray() ?? []).Select(call =>
            new ToolCall((string?)call!["id"], (string)call["function"]!["name"]!, call["function"]!["arguments"]!.AsObject()))],
    };
}
