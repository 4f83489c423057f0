using System.Globalization;
using System.Text;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>
/// <c>printf</c>: Go's verbs <c>v d s q t f F e E g G x X o O b c U</c> with flags, width and precision. Where an argument doesn't fit its
/// verb, or is missing or left over, Go writes a note into the text instead of failing; so does this.
/// </summary>
internal static class GoFormat
{
    /// <summary>Formats the arguments behind the first by the first.</summary>
    public static string Apply(Meter meter, object?[] values)
    {
        if (values[0] is not string format)
        {
            throw new TemplateError($"the first argument of printf is its format, a text, not {GoTypes.Name(values[0])}");
        }
        TextBuilder builder = new(meter);
        int next = 1;
        int position = 0;
        while (position < format.Length)
        {
            meter.Charge(1);
            int percent = format.IndexOf('%', position);
            builder.Append(format.AsSpan(position, (percent < 0 ? format.Length : percent) - position));
            if (percent < 0)
            {
                break;
            }
            position = percent + 1;
            GoVerb verb = GoVerb.Read(format, ref position, values, ref next);
            builder.Append(verb.Letter switch
            {
                null => "%!(NOVERB)",
                "%" => "%",
                _ when next >= values.Length => $"%!{verb.Letter}(MISSING)",
                _ => Format(meter, verb, values[next++]),
            });
        }
        if (next < values.Length)
        {
            builder.Append($"%!(EXTRA {string.Join(", ", values.Skip(next).Select(value => Note(meter, value)))})");
        }
        return builder.ToString();
    }

    /// <summary>A value as its verb says; a list's elements one by one.</summary>
    private static string Format(Meter meter, GoVerb verb, object? value)
    {
        Meter.RequireStack();
        meter.Charge(1);
        meter.AllocateText(verb.Width);
        if (verb.Sharp && verb.Letter == "v")
        {
            throw new TemplateError("printf's verb %#v is not supported; use %v or json");
        }
        if (GoTypes.Printing(value) != GoPrinting.Plain && verb.Letter is "v" or "s" or "q" or "x" or "X")
        {
            value = GoPrinter.Text(meter, value);
        }
        return value switch
        {
            GoList list => $"[{string.Join(' ', list.Items.Select(item => Format(meter, verb, item)))}]",
            GoMap map => $"map[{string.Join(' ', map.Sorted.Select(entry => $"{Format(meter, verb, entry.Key)}:{Format(meter, verb, entry.Value)}"))}]",
            GoStruct structure => $"{{{string.Join(' ', structure.Fields.Select(field => Format(meter, verb, field.Value)))}}}",
            null => verb.Letter == "v" ? verb.Pad("<nil>") : $"%!{verb.Letter}(<nil>)",
            _ => Scalar(meter, verb, value) ?? $"%!{verb.Letter}({Note(meter, value)})",
        };
    }

    /// <summary>A value that is not made of others; null if the verb doesn't take it.</summary>
    private static string? Scalar(Meter meter, GoVerb verb, object value) => (value, verb.Letter) switch
    {
        (bool flag, "v" or "t") => verb.Pad(flag ? "true" : "false"),
        (string text, "v" or "s") => verb.Pad(verb.Cut(text)),
        (string text, "q") => verb.Pad(GoEscaping.Quote(meter, verb.Cut(text))),
        (string text, "x" or "X") => verb.Pad(Hex(meter, verb, text)),
        (long number, "v" or "d" or "b" or "o" or "O" or "x" or "X") => GoNumberFormat.Integer(verb, number),
        (long number, "c") => verb.Pad(Character(number).ToString()),
        (long number, "q") => verb.Pad(GoEscaping.Quote(Character(number))),
        (long number, "U") => verb.Pad(string.Create(CultureInfo.InvariantCulture, $"U+{number:X4}")),
        (double number, "v" or "f" or "F" or "e" or "E" or "g" or "G") => GoNumberFormat.Float(verb, number),
        _ => null,
    };

    private static Rune Character(long number) => number is >= 0 and <= 0x10FFFF && Rune.IsValid((int)number) ? new Rune((int)number) : Rune.ReplacementChar;

    private static string Hex(Meter meter, GoVerb verb, string text)
    {
        meter.AllocateText(4L * text.Length);
        byte[] bytes = Encoding.UTF8.GetBytes(verb.Cut(text));
        return verb.Letter == "x" ? Convert.ToHexStringLower(bytes) : Convert.ToHexString(bytes);
    }

    private static string Note(Meter meter, object? value) => value is null ? "<nil>" : $"{GoTypes.Name(value)}={GoPrinter.Text(meter, value)}";
}
