using System.Text;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>What stands between a <c>%</c> of a format and its letter, and the letter itself.</summary>
internal sealed record GoVerb
{
    /// <summary>What a width or precision may be at most, as in Go.</summary>
    private const int Limit = 1_000_000;

    /// <summary><c>-</c>: fills up behind.</summary>
    public bool Minus { get; private set; }

    /// <summary><c>+</c>: a sign before every number.</summary>
    public bool Plus { get; private set; }

    /// <summary><c>#</c>: another form, such as a prefix of the base.</summary>
    public bool Sharp { get; private set; }

    /// <summary>A space: leaves room for a sign.</summary>
    public bool Space { get; private set; }

    /// <summary><c>0</c>: fills up with zeros.</summary>
    public bool Zero { get; private set; }

    /// <summary>Least width in characters.</summary>
    public int Width { get; private set; }

    /// <summary>Digits or characters; null if not given.</summary>
    public int? Precision { get; private set; }

    /// <summary>The letter; null if the format ends before it.</summary>
    public string? Letter { get; private set; }

    /// <summary>Reads a verb from behind its <c>%</c>; a width or precision of <c>*</c> is an argument.</summary>
    public static GoVerb Read(string format, ref int position, object?[] values, ref int next)
    {
        GoVerb verb = new();
        while (position < format.Length && verb.TakeFlag(format[position]))
        {
            position++;
        }
        verb.Width = Number(format, ref position, values, ref next) ?? 0;
        if (verb.Width < 0)
        {
            (verb.Minus, verb.Zero, verb.Width) = (true, false, -verb.Width);
        }
        if (position < format.Length && format[position] == '.')
        {
            position++;
            int precision = Number(format, ref position, values, ref next) ?? 0;
            verb.Precision = precision < 0 ? null : precision;
        }
        if (position < format.Length)
        {
            Rune.DecodeFromUtf16(format.AsSpan(position), out Rune letter, out int length);
            position += length;
            verb.Letter = letter.Value == '[' ? throw new TemplateError("numbered arguments of printf (%[1]s) are not supported") : letter.ToString();
        }
        return verb;
    }

    /// <summary>Text cut to the precision.</summary>
    public string Cut(string text) =>
        Precision is { } most ? string.Concat(text.EnumerateRunes().Take(most).Select(rune => rune.ToString())) : text;

    /// <summary>Fills text up to the width.</summary>
    public string Pad(string text)
    {
        int missing = Width - text.EnumerateRunes().Count();
        return missing <= 0 ? text
            : Minus ? text + new string(' ', missing)
            : new string(Zero ? '0' : ' ', missing) + text;
    }

    private bool TakeFlag(char flag)
    {
        switch (flag)
        {
            case '-':
                (Minus, Zero) = (true, false);
                return true;
            case '+':
                return Plus = true;
            case '#':
                return Sharp = true;
            case ' ':
                return Space = true;
            case '0':
                Zero = !Minus;
                return true;
            default:
                return false;
        }
    }

    private static int? Number(string format, ref int position, object?[] values, ref int next)
    {
        if (position < format.Length && format[position] == '*')
        {
            position++;
            return next < values.Length && values[next++] is long number && Math.Abs(number) <= Limit
                ? (int)number
                : throw new TemplateError("a width or precision of * in printf needs an int of at most a million");
        }
        int start = position;
        int value = 0;
        for (; position < format.Length && char.IsAsciiDigit(format[position]); position++)
        {
            value = (value * 10) + (format[position] - '0');
            if (value > Limit)
            {
                throw new TemplateError("a width or precision in printf is more than a million");
            }
        }
        return position > start ? value : null;
    }
}
