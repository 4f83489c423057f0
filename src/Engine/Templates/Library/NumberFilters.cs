using System.Globalization;
using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Syntax;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Filters that give numbers.</summary>
internal static class NumberFilters
{
    /// <summary>Exact rounding works with integers of hundreds of digits.</summary>
    private const int StepsToRound = 32;

    /// <summary><c>abs</c></summary>
    public static object? Abs(Rendering rendering, object? value, BoundArguments arguments) => Numbers.Absolute(RequireNumber(value, "abs"));

    /// <summary><c>int(default=0, base=10)</c>: the integer that a number is cut to or that text spells, else the default.</summary>
    public static object? Int(Rendering rendering, object? value, BoundArguments arguments)
    {
        Undefined.Refuse(value);
        rendering.Charge(value is string digits ? StepsToParse(digits) : 0);
        object? fallback = arguments.Get(0, 0L);
        if (value is string text && TryParseInteger(text, arguments.Integer(1, 10), out object? integer))
        {
            return integer;
        }
        object? number = value is string && TryParseFloat((string)value, out double parsed) ? parsed : value;
        return number switch
        {
            double real => double.IsFinite(real) ? Numbers.Normalize(new BigInteger(real)) : double.IsNaN(real) ? fallback : throw new TemplateError("infinity is no integer"),
            _ => Numbers.IsInteger(number) ? Numbers.Normalize(Numbers.Big(number!)) : fallback,
        };
    }

    /// <summary><c>float(default=0.0)</c>: a number, or what text spells, as a float, else the default.</summary>
    public static object? Float(Rendering rendering, object? value, BoundArguments arguments)
    {
        Undefined.Refuse(value);
        rendering.Charge(value is string digits ? StepsToParse(digits) : 0);
        return value switch
        {
            string text => TryParseFloat(text, out double number) ? number : arguments.Get(0, 0.0),
            _ => Numbers.IsNumber(value) ? Numbers.Float(value!) : arguments.Get(0, 0.0),
        };
    }

    /// <summary><c>round(precision=0, method='common')</c>: to so many digits behind the point; ties go to the even digit.</summary>
    public static object? Round(Rendering rendering, object? value, BoundArguments arguments)
    {
        object number = RequireNumber(value, "round");
        int precision = arguments.Integer(0, 0);
        string? method = arguments.Text(1, "common");
        rendering.Charge(StepsToRound);
        if (method is not ("common" or "ceil" or "floor"))
        {
            throw new TemplateError("the method of 'round' is 'common', 'ceil' or 'floor'");
        }
        if (method == "common")
        {
            return number is double real ? ExactDecimal.Round(real, precision) : ExactDecimal.Round(Numbers.Big(number), precision);
        }
        double scale = Math.Pow(10, precision);
        double scaled = Numbers.Float(number) * scale;
        return (method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)) / scale;
    }

    private static object RequireNumber(object? value, string filter)
    {
        Undefined.Refuse(value);
        return Numbers.IsNumber(value) ? value! : throw new TemplateError($"'{filter}' takes a number, not a value of type '{TypeNames.Of(value)}'");
    }

    /// <summary>Reads an integer as Python's <c>int(text, base)</c> does: white space around, a sign, a prefix that fits the base, underscores.</summary>
    private static bool TryParseInteger(string text, int numberBase, out object? value)
    {
        value = null;
        ReadOnlySpan<char> rest = Trim(text);
        bool isNegative = rest.StartsWith("-");
        rest = rest.StartsWith("-") || rest.StartsWith("+") ? rest[1..] : rest;
        int prefix = rest.Length > 2 && rest[0] == '0' ? char.ToLowerInvariant(rest[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } : 0;
        if (prefix != 0 && (numberBase == prefix || numberBase == 0))
        {
            rest = rest[2..];
            numberBase = prefix;
        }
        numberBase = numberBase == 0 ? 10 : numberBase;
        if (numberBase is < 2 or > 36)
        {
            throw new TemplateError("the base of an integer is 0 or from 2 to 36");
        }
        string digits = rest.Length > Numbers.MaxDigits ? "" : WithoutUnderscores(rest);
        if (digits.Length == 0 || !digits.All(c => NumberLiteral.DigitValue(c) is >= 0 and var digit && digit < numberBase))
        {
            return false;
        }
        object parsed = NumberLiteral.ParseDigits(digits, numberBase);
        value = isNegative ? Numbers.Negate(parsed) : parsed;
        return true;
    }

    private static bool TryParseFloat(string text, out double value)
    {
        value = 0;
        ReadOnlySpan<char> rest = Trim(text);
        if (rest.Length > Numbers.MaxDigits)
        {
            return false;
        }
        string trimmed = WithoutUnderscores(rest);
        string word = trimmed.TrimStart('+', '-').ToLowerInvariant();
        if (word is "inf" or "infinity" or "nan" && trimmed.Length - word.Length < 2)
        {
            value = word == "nan" ? double.NaN : trimmed.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        return double.TryParse(trimmed, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>A long integer takes a multiplication for each digit; beyond their greatest number only white space is skipped.</summary>
    private static long StepsToParse(string text) => Math.Min(text.Length, Numbers.MaxDigits) + (text.Length / 64);

    private static ReadOnlySpan<char> Trim(string text) => TextTrimming.Strip(text, null);

    /// <summary>The text without underscores, which may stand between two digits; otherwise as it is, and then no number.</summary>
    private static string WithoutUnderscores(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '_' && (i == 0 || i + 1 == text.Length || !char.IsAsciiLetterOrDigit(text[i - 1]) || !char.IsAsciiLetterOrDigit(text[i + 1])))
            {
                return text.ToString();
            }
        }
        return text.ToString().Replace("_", "", StringComparison.Ordinal);
    }
}
