using System.Text.Json.Nodes;
using LocalLlm.Engine.Templates;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>A template with what Python's jinja2 made of it: text, a failure, or an exception in the template's own words.</summary>
internal sealed record RenderingCase(string Id, string Template, JsonObject Variables, string? Expected, string? Raises)
{
    private static readonly Lazy<IReadOnlyDictionary<string, RenderingCase>> Cases = new(() => Load().ToDictionary(item => item.Id));

    /// <summary>All cases by their id: the committed ones, and those that the environment variable LOCALLLM_ORACLES points at.</summary>
    public static IReadOnlyDictionary<string, RenderingCase> All => Cases.Value;

    /// <summary>A clock that stands where the cases' did.</summary>
    public static TimeProvider Clock { get; } = new StoppedClock();

    /// <summary>Renders it.</summary>
    public string Render() => JinjaTemplate.Parse(Template).Render(Variables.ToDictionary(pair => pair.Key, pair => (object?)pair.Value), Clock);

    private static IEnumerable<RenderingCase> Load()
    {
        string? oracles = Environment.GetEnvironmentVariable("LOCALLLM_ORACLES");
        IEnumerable<string> files = string.IsNullOrEmpty(oracles) ? [] : Directory.EnumerateFiles(Path.Combine(oracles, "templates"), "*.jsonl");
        return files.Prepend(RepoPaths.Vector("jinja", "features.jsonl")).SelectMany(Read);
    }

    private static IEnumerable<RenderingCase> Read(string file)
    {
        JsonObject shared = [];
        foreach (string line in File.ReadLines(file))
        {
            JsonObject item = JsonNode.Parse(line)!.AsObject();
            if (!item.ContainsKey("id"))
            {
                shared = item["variables"]!.AsObject();
                continue;
            }
            yield return new RenderingCase(
                $"{Path.GetFileNameWithoutExtension(file)}: {item["id"]}",
                (string)item["template"]!,
                item["variables"]?.AsObject() ?? shared,
                (string?)item["expected"],
                (string?)item["raises"]);
        }
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2026, 3, 7, 9, 5, 3, TimeSpan.Zero);
    }
}
