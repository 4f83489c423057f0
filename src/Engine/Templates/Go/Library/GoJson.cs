using System.Globalization;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>JSON as Go's <c>json.Marshal</c> writes it: no spaces, maps sorted by their keys, and <c>&lt; &gt; &amp;</c> escaped.</summary>
internal static class GoJson
{
    /// <summary>The value as JSON.</summary>
    public static string Of(Meter meter, object? value)
    {
        TextBuilder builder = new(meter);
        Write(meter, builder, value);
        return builder.ToString();
    }

    /// <summary>Writes a value as JSON behind other text.</summary>
    public static void Write(Meter meter, TextBuilder builder, object? value)
    {
        Meter.RequireStack();
        meter.Charge(1);
        switch (value)
        {
            case string text:
                WriteText(builder, text);
                break;
            case GoList { Printing: GoPrinting.OneOrMany, Items: [var only] }:
                Write(meter, builder, only);
                break;
            case GoList { IsNil: true }:
                builder.Append("null");
                break;
            case GoList list:
                builder.Append('[');
                for (int i = 0; i < list.Items.Count; i++)
                {
                    builder.Append(i > 0 ? "," : "");
                    Write(meter, builder, list.Items[i]);
                }
                builder.Append(']');
                break;
            case GoMap map:
                WriteObject(meter, builder, map.Written);
                break;
            case GoStruct structure:
                WriteObject(meter, builder, structure.Fields
                    .Where(field => !field.OmitsEmpty || GoTruth.Of(field.Value))
                    .Select(field => KeyValuePair.Create(field.JsonName, field.Value))
                    .Concat(structure.Extra));
                break;
            default:
                builder.Append(Scalar(value));
                break;
        }
    }

    private static void WriteObject(Meter meter, TextBuilder builder, IEnumerable<KeyValuePair<string, object?>> entries)
    {
        string separator = "{";
        foreach ((string key, object? value) in entries)
        {
            WriteText(builder.Append(separator), key);
            Write(meter, builder.Append(':'), value);
            separator = ",";
        }
        builder.Append(separator == "{" ? "{}" : "}");
    }

    private static string Scalar(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number when double.IsFinite(number) => GoFloat.Json(number),
        double => throw new TemplateError("JSON has no number for infinity or NaN"),
        _ => "null",
    };

    private static void WriteText(TextBuilder builder, string text)
    {
        builder.Append('"');
        int written = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (Escape(text[i]) is { } escape)
            {
                builder.Append(text.AsSpan(written, i - written)).Append(escape);
                written = i + 1;
            }
        }
        builder.Append(text.AsSpan(written)).Append('"');
    }

    private static string? Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
        _ => null,
    };
}
