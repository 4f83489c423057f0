using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Turns what a caller passes into values of the template language. Containers are copied, so that no template changes the caller's.</summary>
internal static class ClrValues
{
    /// <summary>The value of null, a boolean, a number, text, a JSON node, or a dictionary or list of these.</summary>
    /// <exception cref="ArgumentException">The type is none of them.</exception>
    /// <exception cref="TemplateError">It is nested too deeply.</exception>
    public static object? From(object? value)
    {
        Rendering.RequireStack();
        return value switch
        {
            null => null,
            bool flag => Truth.Box(flag),
            string or long or double => value,
            int number => (long)number,
            float number => (double)number,
            BigInteger number => Numbers.Normalize(number),
            JinjaSequence or JinjaDict or Callable => value,
            JsonNode node => From(node),
            IEnumerable<KeyValuePair<string, object?>> entries => FromEntries(entries),
            System.Collections.IEnumerable items => new JinjaList([.. items.Cast<object?>().Select(From)]),
            _ => throw new ArgumentException($"A template can't take a value of type {value.GetType()}.", nameof(value)),
        };
    }

    private static object? From(JsonNode node)
    {
        switch (node)
        {
            case JsonObject properties:
                return FromEntries(properties.Select(property => KeyValuePair.Create(property.Key, (object?)property.Value)));
            case JsonArray items:
                return new JinjaList([.. items.Select(item => From((object?)item))]);
            default:
                return node.GetValueKind() switch
                {
                    JsonValueKind.True => Truth.True,
                    JsonValueKind.False => Truth.False,
                    JsonValueKind.String => node.GetValue<string>(),
                    JsonValueKind.Number => FromNumber(node.ToJsonString()),
                    _ => null,
                };
        }
    }

    private static JinjaDict FromEntries(IEnumerable<KeyValuePair<string, object?>> entries)
    {
        JinjaDict dict = new();
        foreach ((string key, object? value) in entries)
        {
            dict.Set(key, From(value));
        }
        return dict;
    }

    /// <summary>JSON's numbers as Python reads them: a float if written with a point or an exponent, else an integer.</summary>
    private static object FromNumber(string text)
    {
        if (text.Length > Numbers.MaxDigits)
        {
            throw new TemplateError($"a number has more than {Numbers.MaxDigits} digits");
        }
        return text.AsSpan().ContainsAny('.', 'e', 'E')
            ? double.Parse(text, CultureInfo.InvariantCulture)
            : Numbers.Normalize(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }
}
