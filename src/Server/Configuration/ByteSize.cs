using System.Globalization;

namespace LocalLlm.Server.Configuration;

/// <summary>Sizes of memory as people write them: <c>4GiB</c>, <c>512M</c>, <c>1.5 GB</c>, or plain bytes.</summary>
internal static class ByteSize
{
    /// <summary>Reads a size. K, M, G and T (with or without iB) are powers of 1,024; KB, MB, GB and TB powers of 1,000; in any case.</summary>
    /// <returns>False if it is none, or not more than 0 bytes.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        string trimmed = text.Trim();
        int digits = 0;
        while (digits < trimmed.Length && (char.IsAsciiDigit(trimmed[digits]) || trimmed[digits] == '.'))
        {
            digits++;
        }
        bytes = 0;
        if (Unit(trimmed[digits..].Trim().ToUpperInvariant()) is not { } unit
            || !double.TryParse(trimmed[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            || number * unit is < 1 or >= long.MaxValue)
        {
            return false;
        }
        bytes = (long)(number * unit);
        return true;
    }

    private static double? Unit(string suffix) => suffix switch
    {
        "" or "B" => 1,
        "K" or "KIB" => 1L << 10,
        "M" or "MIB" => 1L << 20,
        "G" or "GIB" => 1L << 30,
        "T" or "TIB" => 1L << 40,
        "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => null,
    };
}
