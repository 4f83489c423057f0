using System.Globalization;
using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>How a value is laid out: what stands between <c>%</c> and its letter, or behind the colon of <c>{:&gt;8.2f}</c>.</summary>
internal sealed record FormatSpec
{
    /// <summary>What fills up the width.</summary>
    public string Fill { get; init; } = " ";

    /// <summary><c>&lt;</c> left, <c>&gt;</c> right, <c>^</c> middle, <c>=</c> between sign and digits; null for the type's own.</summary>
    public char? Alignment { get; init; }

    /// <summary>What stands before a number that isn't negative: <c>+</c>, a space, or with <c>-</c> nothing.</summary>
    public char Sign { get; init; } = '-';

    /// <summary>Prefix of the base, or zeros at the end kept.</summary>
    public bool Alternate { get; init; }

    /// <summary>Fills numbers with zeros behind the sign.</summary>
    public bool ZeroPadded { get; init; }

    /// <summary>Least width in code points.</summary>
    public int Width { get; init; }

    /// <summary>Between groups of digits; null for nothing.</summary>
    public char? Separator { get; init; }

    /// <summary>Digits, or most characters of text; null if not given.</summary>
    public int? Precision { get; init; }

    /// <summary>The presentation's letter; 0 if not given.</summary>
    public char Type { get; init; }

    /// <summary>A width or precision.</summary>
    public static int ParseNumber(ReadOnlySpan<char> digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new TemplateError("a width or precision of a format is too large");

    /// <summary>Lays out text, cut to the precision.</summary>
    public string Text(Rendering rendering, string text, char alignment)
    {
        rendering.ChargeScan(text.Length);
        text = Precision is { } most && most < CodePoints.Count(text) ? text[..CodePoints.Offset(text, most)] : text;
        return Pad(rendering, "", text, alignment);
    }

    /// <summary>Lays out an integer in the base of the type.</summary>
    public string Integer(Rendering rendering, BigInteger value)
    {
        int numberBase = Type switch { 'x' or 'X' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        string digits = NumberText.Integer(value, numberBase).PadLeft(Math.Min(Precision ?? 0, ExactDecimal.MaxPrecision), '0');
        digits = Separator is { } separator ? NumberText.Group(digits, separator, numberBase == 10 ? 3 : 4) : digits;
        string prefix = Alternate && numberBase != 10 ? $"0{char.ToLowerInvariant(Type)}" : "";
        string number = Type == 'X' ? digits.ToUpperInvariant() : digits;
        return Pad(rendering, SignOf(value.Sign < 0) + (Type == 'X' ? prefix.ToUpperInvariant() : prefix), number, '>');
    }

    /// <summary>Lays out a float; without a type as it is printed, or if a precision is given in so many significant digits.</summary>
    public string Float(Rendering rendering, double value)
    {
        string sign = SignOf(double.IsNegative(value) && !double.IsNaN(value));
        if (!double.IsFinite(value))
        {
            string word = double.IsNaN(value) ? "nan" : "inf";
            return (this with { ZeroPadded = false }).Pad(rendering, sign, char.IsUpper(Type) ? word.ToUpperInvariant() : word, '>');
        }
        int precision = Precision ?? 6;
        rendering.AllocateText(precision);
        string digits = char.ToLowerInvariant(Type) switch
        {
            'f' => NumberText.Fixed(value, precision),
            'e' => NumberText.Scientific(value, precision),
            '%' => NumberText.Fixed(value * 100, precision) + "%",
            '\0' when Precision is null => FloatText.Of(Math.Abs(value)),
            '\0' => WithPoint(NumberText.General(value, Math.Max(precision, 1), keepZeros: false)),
            _ => NumberText.General(value, Math.Max(precision, 1), Alternate),
        };
        digits = Separator is { } separator ? NumberText.Group(digits, separator, 3) : digits;
        return Pad(rendering, sign, char.IsUpper(Type) ? digits.ToUpperInvariant() : digits, '>');
    }

    private string SignOf(bool isNegative) => isNegative ? "-" : Sign == '-' ? "" : Sign.ToString();

    private static string WithPoint(string digits) => digits.Contains('.') || digits.Contains('e') ? digits : digits + ".0";

    private string Pad(Rendering rendering, string sign, string text, char ownAlignment)
    {
        long missing = Math.Max(0, Width - (long)CodePoints.Count(text) - sign.Length);
        char alignment = Alignment ?? (ZeroPadded ? '=' : ownAlignment);
        string fill = ZeroPadded && alignment == '=' && Fill == " " ? "0" : Fill;
        long left = alignment switch { '<' => 0, '^' => missing / 2, _ => missing };
        TextBuilder builder = new(rendering);
        builder.Append(alignment == '=' ? sign : "");
        Repeat(builder, fill, left);
        builder.Append(alignment == '=' ? "" : sign).Append(text);
        Repeat(builder, fill, missing - left);
        return builder.ToString();
    }

    private static void Repeat(TextBuilder builder, string fill, long count)
    {
        if (fill.Length == 1)
        {
            builder.Append(fill[0], count);
            return;
        }
        for (long i = 0; i < count; i++)
        {
            builder.Append(fill);
        }
    }
}
