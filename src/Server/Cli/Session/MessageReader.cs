using System.Text.RegularExpressions;
using LocalLlm.Server.Cli.Session.Editing;

namespace LocalLlm.Server.Cli.Session;

/// <summary>Reads messages and commands: a line, or what stands between triple quotes.</summary>
/// <param name="input">Where lines come from.</param>
internal sealed partial class MessageReader(ILineInput input)
{
    private const string Prompt = ">>> ";
    private const string Continuation = "... ";
    private const string Quotes = "\"\"\"";

    /// <summary>Waits for the next one.</summary>
    /// <returns>Its text without the quotes, and how it ended. Text that began with quotes is never a command.</returns>
    public (InputLine Line, bool IsQuoted) Read()
    {
        InputLine line = input.Read(Prompt, "Send a message (/? for help)");
        Match start = Opening.Match(line.Text);
        if (line.End != LineEnd.Submitted || !start.Success)
        {
            return (line, false);
        }
        string text = line.Text[start.Length..];
        while (!text.TrimEnd().EndsWith(Quotes, StringComparison.Ordinal))
        {
            InputLine next = input.Read(Continuation, $"{Quotes} ends the message");
            if (next.End != LineEnd.Submitted)
            {
                return (next, false);
            }
            text += "\n" + next.Text;
        }
        string command = start.Groups[1].Value;
        return (new InputLine(LineEnd.Submitted, command + text.TrimEnd()[..^Quotes.Length]), command.Length == 0);
    }

    /// <summary>Quotes at the start, or after a command that takes a text.</summary>
    [GeneratedRegex("^\\s*(/set\\s+(?:system|template)\\s+)?\"\"\"")]
    private static partial Regex Opening { get; }
}
