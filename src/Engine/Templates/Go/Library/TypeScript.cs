using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>Types of a JSON schema in TypeScript's words, as the template of gpt-oss writes them.</summary>
internal static class TypeScript
{
    /// <summary>The type of a tool's parameter; <c>any</c> for everything else.</summary>
    public static string Of(object? value)
    {
        if (value is not GoStruct { TypeName: GoToolData.PropertyType } property)
        {
            return "any";
        }
        if (property.Find("AnyOf")?.Value is GoList { Items.Count: > 0 } alternatives)
        {
            return string.Join(" | ", alternatives.Items.Select(Of));
        }
        return property.Find("Type")?.Value is GoList { Items.Count: > 0 } types ? string.Join(" | ", types.Items.Select(Name)) : "any";
    }

    private static string Name(object? type) => type switch
    {
        "string" => "string",
        "number" or "integer" => "number",
        "boolean" => "boolean",
        "array" => "any[]",
        "object" => "Record<string, any>",
        "null" => "null",
        _ => "any",
    };
}
