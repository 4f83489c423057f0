using System.Globalization;
using System.Text;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>The classes of characters behind Python's <c>isalpha</c> and its like.</summary>
internal static class TextClasses
{
    /// <summary>A letter of any script.</summary>
    public static bool IsLetter(Rune rune) => Rune.IsLetter(rune);

    /// <summary>A decimal digit of any script.</summary>
    public static bool IsDecimal(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber;

    /// <summary>A decimal digit, or one in another form, such as ².</summary>
    public static bool IsDigit(Rune rune) => IsDecimal(rune)
        || (Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherNumber && Rune.GetNumericValue(rune) is >= 0 and < 10 and var value && value == Math.Floor(value) && !IsCounting(rune));

    /// <summary>Any character that is a number, such as ½ or Ⅷ.</summary>
    public static bool IsNumeric(Rune rune) => Rune.IsNumber(rune) || Rune.GetNumericValue(rune) >= 0;

    /// <summary>A letter or a number.</summary>
    public static bool IsLetterOrNumber(Rune rune) => IsLetter(rune) || IsNumeric(rune);

    /// <summary>White space.</summary>
    public static bool IsSpace(Rune rune) => rune.IsBmp && PythonCharacters.IsSpace((char)rune.Value);

    /// <summary>Numbers of counting rods, ideographs and the like, which Unicode gives a value but no digit.</summary>
    private static bool IsCounting(Rune rune) => rune.Value is >= 0x3192 and <= 0x33FF or >= 0x10100;
}
