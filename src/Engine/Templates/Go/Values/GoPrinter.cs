using System.Globalization;
using LocalLlm.Engine.Templates.Go.Library;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>How Go prints values (<c>%v</c>).</summary>
internal static class GoPrinter
{
    /// <summary>What an action prints for no value.</summary>
    public const string NoValueText = "<no value>";

    /// <summary>The value as text of its own.</summary>
    public static string Text(Meter meter, object? value)
    {
        if (value is string text)
        {
            return text;
        }
        TextBuilder builder = new(meter);
        Write(meter, builder, value ?? "<nil>");
        return builder.ToString();
    }

    /// <summary>Writes a value behind other text.</summary>
    public static void Write(Meter meter, TextBuilder builder, object? value)
    {
        Meter.RequireStack();
        meter.Charge(1);
        switch (value)
        {
            case string text:
                builder.Append(text);
                break;
            case GoList { Printing: GoPrinting.OneOrMany, Items.Count: 0 }:
                break;
            case GoList { Printing: GoPrinting.OneOrMany, Items: [var only] }:
                Write(meter, builder, only);
                break;
            case GoList { Printing: not GoPrinting.Json } list:
                WriteItems(builder, "[", list.Items, "]", item => Write(meter, builder, item ?? "<nil>"));
                break;
            case GoMap { Printing: GoPrinting.Plain } map:
                WriteItems(builder, "map[", map.Sorted, "]", entry => Write(meter, builder.Append(entry.Key).Append(':'), entry.Value ?? "<nil>"));
                break;
            case GoStruct { Printing: GoPrinting.Plain } structure:
                WriteItems(builder, "{", structure.Fields, "}", field => Write(meter, builder, field.Value ?? "<nil>"));
                break;
            case GoList or GoMap or GoStruct:
                GoJson.Write(meter, builder, value);
                break;
            default:
                builder.Append(Scalar(value));
                break;
        }
    }

    /// <summary>Text of a value that is neither text nor made of others.</summary>
    private static string Scalar(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => GoFloat.General(number),
        _ => NoValueText,
    };

    private static void WriteItems<T>(TextBuilder builder, string open, IReadOnlyList<T> items, string close, Action<T> write)
    {
        builder.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                builder.Append(' ');
            }
            write(items[i]);
        }
        builder.Append(close);
    }
}
