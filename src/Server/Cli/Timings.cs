using System.Globalization;
using LocalLlm.Engine;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary>What <c>run --verbose</c> prints after an answer, in Ollama's words and columns; lines without a value are left out.</summary>
internal static class Timings
{
    private const int LabelWidth = 22;

    /// <summary>Writes the lines.</summary>
    /// <param name="writer">Standard error.</param>
    /// <param name="total">Time from the request to the end of the answer, loading included.</param>
    /// <param name="load">Time spent loading the model; zero if it was there.</param>
    /// <param name="usage">Counts and times of the generation.</param>
    public static void Write(TextWriter writer, TimeSpan total, TimeSpan load, GenerationUsage usage)
    {
        Duration(writer, "total duration", total);
        Duration(writer, "load duration", load);
        Count(writer, "prompt eval count", usage.PromptTokens);
        Duration(writer, "prompt eval duration", usage.PromptDuration);

        // Cached tokens took no time: counted, they would tell a speed that the machine does not have.
        Rate(writer, "prompt eval rate", usage.PromptTokens - usage.CachedTokens, usage.PromptDuration);
        Count(writer, "eval count", usage.GeneratedTokens);
        Duration(writer, "eval duration", usage.GenerationDuration);
        Rate(writer, "eval rate", usage.GeneratedTokens, usage.GenerationDuration);
    }

    private static void Duration(TextWriter writer, string label, TimeSpan duration)
    {
        if (duration > TimeSpan.Zero)
        {
            Line(writer, label, GoDuration.Format(duration));
        }
    }

    private static void Count(TextWriter writer, string label, int tokens)
    {
        if (tokens > 0)
        {
            Line(writer, label, $"{tokens} token(s)");
        }
    }

    private static void Rate(TextWriter writer, string label, int tokens, TimeSpan duration)
    {
        if (tokens > 0 && duration > TimeSpan.Zero)
        {
            Line(writer, label, string.Create(CultureInfo.InvariantCulture, $"{tokens / duration.TotalSeconds:F2} tokens/s"));
        }
    }

    private static void Line(TextWriter writer, string label, string value) => writer.WriteLine($"{label}:".PadRight(LabelWidth) + value);
}
