using System.CommandLine;
using System.Globalization;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary>Options of the command line whose mistakes are told in one sentence: the option, what it must be, and what was given.</summary>
internal static class Flags
{
    /// <summary>A whole number within bounds.</summary>
    public static Option<int?> Int32(string name, string description, int minimum = int.MinValue, int maximum = int.MaxValue)
    {
        string bounds = maximum < int.MaxValue ? $" from {minimum} to {maximum}" : minimum > int.MinValue ? $" of at least {minimum}" : "";
        return Parsed<int>(name, description, "N", $"a whole number{bounds}", text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= minimum && number <= maximum ? number : null);
    }

    /// <summary>One whole number within bounds or several, separated by commas or in several options; empty if the option is not given.</summary>
    public static Option<int[]> Int32List(string name, string alias, string description, int minimum, int maximum) => new(name, alias)
    {
        Description = description,
        HelpName = "N,...",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result =>
        {
            List<int> numbers = [];
            foreach (string text in result.Tokens.SelectMany(token => token.Value.Split(',')))
            {
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < minimum || number > maximum)
                {
                    result.AddError($"{name} must be whole numbers from {minimum} to {maximum} separated by commas, not '{text}'.");
                    return [];
                }
                numbers.Add(number);
            }
            return [.. numbers];
        },
    };

    /// <summary>A whole number of 64 bits.</summary>
    public static Option<long?> Int64(string name, string description) =>
        Parsed<long>(name, description, "N", "a whole number", text =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null);

    /// <summary>A finite number; its range is checked where it is used.</summary>
    public static Option<float?> Single(string name, string description) =>
        Parsed<float>(name, description, "X", "a number", text =>
            float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) && float.IsFinite(number) ? number : null);

    /// <summary>A size of memory.</summary>
    public static Option<long?> Bytes(string name, string description) =>
        Parsed<long>(name, description, "SIZE", "a size such as 512MiB or 4GiB", text => ByteSize.TryParse(text, out long bytes) ? bytes : null);

    /// <summary>One of a few words, in any case.</summary>
    public static Option<T?> Choice<T>(string name, string description, params (string Word, T Value)[] choices)
        where T : struct
    {
        string[] words = [.. choices.Select(choice => choice.Word)];
        return Parsed<T>(name, description, string.Join('|', words), string.Join(" or ", words), text =>
            Array.FindIndex(words, word => word.Equals(text, StringComparison.OrdinalIgnoreCase)) is int index and >= 0 ? choices[index].Value : null);
    }

    private static Option<T?> Parsed<T>(string name, string description, string placeholder, string expected, Func<string, T?> parse)
        where T : struct => new(name)
        {
            Description = description,
            HelpName = placeholder,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                T? value = parse(text);
                if (value is null)
                {
                    result.AddError($"{name} must be {expected}, not '{text}'.");
                }
                return value;
            },
        };
}
