using System.Text.Json.Nodes;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>
/// Definitions of tools as Ollama's templates see them: structs with the fields of a function and of a JSON schema, which print as JSON. Ollama
/// forgets the keys that it doesn't know (<c>minimum</c>, <c>default</c>, ...); here JSON has them behind the others.
/// </summary>
internal static class GoToolData
{
    /// <summary>Name of the type of a parameter.</summary>
    public const string PropertyType = "ToolProperty";

    /// <summary>A tool, from OpenAI's JSON form.</summary>
    public static GoStruct Tool(JsonObject tool)
    {
        Known known = new(tool);
        return known.Struct("Tool",
            known.Text("Type", "type"),
            known.Any("Items", "items"),
            new GoField("Function", "function", Function(known.Object("function") ?? [])));
    }

    private static GoStruct Function(JsonObject function)
    {
        Known known = new(function);
        return known.Struct("ToolFunction",
            known.Text("Name", "name"),
            known.Text("Description", "description") with { OmitsEmpty = true },
            new GoField("Parameters", "parameters", Parameters(known.Object("parameters") ?? [])));
    }

    private static GoStruct Parameters(JsonObject schema)
    {
        Known known = new(schema);
        return known.Struct("ToolFunctionParameters",
            known.Text("Type", "type"),
            known.Any("Defs", "$defs"),
            known.Any("Items", "items"),
            known.List("Required", "required"),
            new GoField("Properties", "properties", Properties(known.Object("properties") ?? [])));
    }

    private static GoMap Properties(JsonObject properties) => new(
        properties.Select(property => KeyValuePair.Create(property.Key, property.Value is JsonObject schema ? Property(schema) : GoJsonValues.From(property.Value, keepsOrder: true))),
        GoPrinting.Json,
        keepsOrder: true);

    private static GoStruct Property(JsonObject schema)
    {
        Meter.RequireStack();
        Known known = new(schema);
        JsonArray? alternatives = known.Array("anyOf");
        JsonObject? properties = known.Object("properties");
        List<GoField> fields =
        [
            new GoField("AnyOf", "anyOf", new GoList([.. (alternatives ?? []).Select(item => item is JsonObject alternative ? Property(alternative) : GoJsonValues.From(item))]), OmitsEmpty: true),
            new GoField("Type", "type", Types(known), OmitsEmpty: true),
            known.Any("Items", "items"),
            known.Text("Description", "description") with { OmitsEmpty = true },
            known.List("Enum", "enum"),
            new GoField("Properties", "properties", properties is null ? null : Properties(properties), OmitsEmpty: true),
            known.List("Required", "required"),
        ];
        return known.Struct(PropertyType, [.. fields]);
    }

    private static GoList Types(Known known) =>
        new(known.Array("type") is { } types ? [.. types.Select(type => GoJsonValues.From(type))] : known.Text("Type", "type").Value is string { Length: > 0 } type ? [type] : [], GoPrinting.OneOrMany);

    /// <summary>A JSON object of which known keys become fields and the rest stays. A key whose value is of another kind than it should be stays too.</summary>
    private sealed class Known(JsonObject source)
    {
        private readonly HashSet<string> _taken = [];

        public GoField Text(string name, string key) =>
            new(name, key, source[key] is JsonValue value && value.TryGetValue(out string? text) && _taken.Add(key) ? text : "");

        public GoField Any(string name, string key)
        {
            _taken.Add(key);
            return new GoField(name, key, GoJsonValues.From(source[key], keepsOrder: true), OmitsEmpty: true);
        }

        public GoField List(string name, string key) =>
            new(name, key, GoJsonValues.From(Array(key) ?? [], keepsOrder: true), OmitsEmpty: true);

        public JsonObject? Object(string key) => source[key] is JsonObject value && _taken.Add(key) ? value : null;

        public JsonArray? Array(string key) => source[key] is JsonArray value && _taken.Add(key) ? value : null;

        public GoStruct Struct(string typeName, params GoField[] fields) => new(typeName, fields, GoPrinting.Json)
        {
            Extra = [.. source.Where(entry => !_taken.Contains(entry.Key)).Select(entry => KeyValuePair.Create(entry.Key, GoJsonValues.From(entry.Value, keepsOrder: true)))],
        };
    }
}
