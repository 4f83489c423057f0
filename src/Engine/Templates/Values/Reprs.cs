using System.Globalization;
using System.Numerics;
using System.Text;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's <c>str</c> and <c>repr</c>: how values look when a template prints them.</summary>
internal static class Reprs
{
    /// <summary>What <c>{{ value }}</c> prints: text as it is, an undefined value as nothing, everything else as <c>repr</c> writes it.</summary>
    public static string Str(Rendering rendering, object? value)
    {
        switch (value)
        {
            case string text:
                return text;
            case Undefined:
                return "";
            case JinjaSequence or JinjaDict or DictView or Namespace:
                TextBuilder builder = new(rendering);
                Write(rendering, builder, value);
                return builder.ToString();
            default:
                rendering.Charge(value is BigInteger ? 64 : 0);
                return Scalar(value);
        }
    }

    /// <summary>What <c>repr</c> gives: text in quotes.</summary>
    public static string Repr(Rendering rendering, object? value)
    {
        TextBuilder builder = new(rendering);
        Write(rendering, builder, value);
        return builder.ToString();
    }

    /// <summary>A few words that stand for a value in an error message.</summary>
    public static string Short(object? value) => value switch
    {
        string { Length: <= 40 } text => $"'{text}'",
        null or bool or long or double => Scalar(value),
        _ => $"of type '{TypeNames.Of(value)}'",
    };

    private static string Scalar(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        double number => FloatText.Of(number),
        _ => $"<{TypeNames.Of(value)}>",
    };

    private static void Write(Rendering rendering, TextBuilder builder, object? value)
    {
        Rendering.RequireStack();
        rendering.Charge(1);
        switch (value)
        {
            case string text:
                WriteText(builder, text);
                break;
            case JinjaRange range:
                string step = range.Step == 1 ? "" : $", {range.Step}";
                builder.Append($"range({range.Start}, {range.Stop}{step})");
                break;
            case JinjaTuple tuple:
                WriteElements(rendering, builder, "(", tuple.Items, tuple.Count == 1 ? ",)" : ")");
                break;
            case JinjaSequence sequence:
                WriteElements(rendering, builder, "[", Iteration.Over(rendering, sequence), "]");
                break;
            case JinjaDict dict:
                WriteEntries(rendering, builder, dict);
                break;
            case DictView view:
                WriteElements(rendering, builder, $"{view.TypeName}([", Iteration.Over(rendering, view), "])");
                break;
            case Namespace ns:
                builder.Append("<Namespace ");
                WriteEntries(rendering, builder, ns.Attributes);
                builder.Append('>');
                break;
            default:
                builder.Append(Str(rendering, value is Undefined ? "Undefined" : value));
                break;
        }
    }

    private static void WriteElements(Rendering rendering, TextBuilder builder, string open, IEnumerable<object?> items, string close)
    {
        builder.Append(open);
        string separator = "";
        foreach (object? item in items)
        {
            builder.Append(separator);
            Write(rendering, builder, item);
            separator = ", ";
        }
        builder.Append(close);
    }

    private static void WriteEntries(Rendering rendering, TextBuilder builder, JinjaDict dict)
    {
        builder.Append('{');
        string separator = "";
        foreach ((object? key, object? value) in dict.Entries)
        {
            builder.Append(separator);
            Write(rendering, builder, key);
            builder.Append(": ");
            Write(rendering, builder, value);
            separator = ", ";
        }
        builder.Append('}');
    }

    private static void WriteText(TextBuilder builder, string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        builder.Append(quote);
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int length);
            WriteCharacter(builder, text.AsSpan(i, length), rune, quote);
            i += length;
        }
        builder.Append(quote);
    }

    private static void WriteCharacter(TextBuilder builder, ReadOnlySpan<char> units, Rune rune, char quote)
    {
        switch (units[0])
        {
            case '\n':
                builder.Append("\\n");
                break;
            case '\r':
                builder.Append("\\r");
                break;
            case '\t':
                builder.Append("\\t");
                break;
            case '\\':
                builder.Append("\\\\");
                break;
            case var c when c == quote:
                builder.Append('\\').Append(c);
                break;
            default:
                // A lone half of a surrogate pair decodes to U+FFFD; Python would keep it, as an escape.
                int code = units.Length == 1 ? units[0] : rune.Value;
                builder.Append(IsPrintable(code) ? units : Escape(code));
                break;
        }
    }

    private static bool IsPrintable(int code) => code == ' ' || CharUnicodeInfo.GetUnicodeCategory(code) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    private static string Escape(int code) => code switch
    {
        < 0x100 => $"\\x{code:x2}",
        < 0x10000 => $"\\u{code:x4}",
        _ => $"\\U{code:x8}",
    };
}
