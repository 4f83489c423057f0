using System.Numerics;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Library;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>Numbers in the verbs of <c>printf</c>.</summary>
internal static class GoNumberFormat
{
    /// <summary><c>d b o O x X v</c>: the precision is the least number of digits.</summary>
    public static string Integer(GoVerb verb, long number)
    {
        int numberBase = verb.Letter switch { "b" => 2, "o" or "O" => 8, "x" or "X" => 16, _ => 10 };
        string digits = number == 0 && verb.Precision == 0 ? "" : NumberText.Integer(new BigInteger(number), numberBase);
        digits = digits.PadLeft(verb.Precision ?? 0, '0');
        string prefix = verb.Letter switch
        {
            "O" => "0o",
            "b" when verb.Sharp => "0b",
            "x" or "X" when verb.Sharp => "0x",
            "o" when verb.Sharp && !digits.StartsWith('0') => "0",
            _ => "",
        };
        string sign = Sign(verb, number < 0);
        bool fills = verb is { Zero: true, Minus: false, Precision: null };
        digits = fills ? digits.PadLeft(verb.Width - sign.Length, '0') : digits;
        string text = sign + prefix + digits;
        text = verb.Letter == "X" ? text.ToUpperInvariant() : text;
        return Fill(verb, text);
    }

    /// <summary><c>f e g v</c> and their upper case.</summary>
    public static string Float(GoVerb verb, double number)
    {
        bool isFinite = double.IsFinite(number);
        string text = isFinite ? Digits(verb, Math.Abs(number)) : double.IsNaN(number) ? "NaN" : "Inf";
        string sign = double.IsPositiveInfinity(number) ? "+" : Sign(verb, double.IsNegative(number) && !double.IsNaN(number));
        text = verb is { Zero: true, Minus: false } && isFinite ? sign + text.PadLeft(verb.Width - sign.Length, '0') : sign + text;
        return Fill(verb, text);
    }

    private static string Digits(GoVerb verb, double number)
    {
        int precision = Math.Min(verb.Precision ?? 6, ExactDecimal.MaxPrecision);
        string text = verb.Letter switch
        {
            "f" or "F" => NumberText.Fixed(number, precision),
            "e" or "E" => NumberText.Scientific(number, precision),
            _ when verb.Precision is null => GoFloat.General(number),
            _ => NumberText.General(number, Math.Max(precision, 1), keepZeros: false),
        };
        return verb.Letter is "E" or "G" ? text.ToUpperInvariant() : text;
    }

    private static string Sign(GoVerb verb, bool isNegative) => isNegative ? "-" : verb.Plus ? "+" : verb.Space ? " " : "";

    /// <summary>Fills up with spaces; zeros are there already.</summary>
    private static string Fill(GoVerb verb, string text) =>
        verb.Minus ? text.PadRight(verb.Width) : text.PadLeft(verb.Width);
}
