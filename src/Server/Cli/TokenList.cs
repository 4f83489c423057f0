using System.Globalization;

namespace LocalLlm.Server.Cli;

/// <summary>Token ids as people and programs write them: <c>[1, 2, 3]</c>, <c>1,2,3</c> or <c>1 2 3</c>.</summary>
internal static class TokenList
{
    /// <summary>Reads ids.</summary>
    /// <exception cref="CommandLineException">Something in the list is no id; the message names it.</exception>
    public static int[] Parse(string text)
    {
        string inner = text.Trim();
        if (inner is ['[', .., ']'])
        {
            inner = inner[1..^1];
        }
        string[] words = inner.Split([',', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return [.. words.Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            ? id
            : throw new CommandLineException($"'{word}' is no token id: give whole numbers such as 1,2,3 or [1, 2, 3]."))];
    }
}
