using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>JSON as Go's templates see it: every number is a float64, every object a map.</summary>
internal static class GoJsonValues
{
    /// <summary>The value of a JSON node.</summary>
    /// <param name="node">The node; null for JSON's null.</param>
    /// <param name="keepsOrder">Whether objects print their keys in the order given when they are written as JSON again.</param>
    /// <exception cref="TemplateError">It is nested too deeply.</exception>
    public static object? From(JsonNode? node, bool keepsOrder = false)
    {
        Meter.RequireStack();
        return node switch
        {
            null => null,
            JsonObject properties => Map(properties, GoPrinting.Plain, keepsOrder),
            JsonArray items => new GoList([.. items.Select(item => From(item, keepsOrder))]),
            _ => node.GetValueKind() switch
            {
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.String => node.GetValue<string>(),
                JsonValueKind.Number => Number(node),
                _ => null,
            },
        };
    }

    /// <summary>The map of a JSON object.</summary>
    public static GoMap Map(JsonObject properties, GoPrinting printing, bool keepsOrder) =>
        new(properties.Select(property => KeyValuePair.Create(property.Key, From(property.Value, keepsOrder))), printing, keepsOrder);

    private static double Number(JsonNode node)
    {
        double number = double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);
        return double.IsFinite(number) ? number : throw new TemplateError("a number doesn't fit into float64");
    }
}
