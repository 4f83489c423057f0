using System.Text;
using System.Text.Json.Nodes;
using LocalLlm.Server.Cli.Session.Editing;
using LocalLlm.Server.Modelfiles;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Cli.Session;

/// <summary><c>/set</c>: changes how a conversation goes on, and says so.</summary>
/// <param name="host">The terminal.</param>
/// <param name="state">The conversation.</param>
/// <param name="input">Where messages are typed.</param>
internal sealed class SetCommands(CliHost host, SessionState state, ILineInput input)
{
    /// <summary>Does what stands after <c>/set</c>.</summary>
    public void Run(string line)
    {
        string what = line.Split([' ', '\n'], 2)[0];
        string rest = line[what.Length..].Trim();
        switch (what)
        {
            case "parameter":
                SetParameter(rest);
                break;
            case "system" or "template":
                SetText(what, rest);
                break;
            case "history" or "nohistory":
                input.KeepsHistory = what == "history";
                break;
            case "wordwrap" or "nowordwrap":
                state.Style = state.Style with { WrapColumns = what == "wordwrap" && AnswerStyle.KnowsEscapes(host) ? host.TerminalColumns : null };
                Say($"Set '{what}' mode.");
                break;
            case "verbose" or "quiet":
                state.Style = state.Style with { IsVerbose = what == "verbose" };
                Say($"Set '{what}' mode.");
                break;
            case "format":
                SetFormat(rest);
                break;
            case "noformat":
                state.Format = null;
                Say("Disabled format.");
                break;
            case "think" or "nothink":
                SetThink(what, rest);
                break;
            default:
                SessionHelp.Write(host.Out, "set", what.Length > 0 ? $"Unknown command '/set {what}'. These are known:" : "");
                break;
        }
    }

    private void SetFormat(string format)
    {
        if (format != "json")
        {
            Say("Usage:\n  /set format json");
            return;
        }
        state.Format = "json";
        Say("Set format to 'json' mode.");
    }

    private void SetThink(string what, string level)
    {
        if (level is not ("" or "low" or "medium" or "high" or "max") || (what == "nothink" && level.Length > 0))
        {
            Say("Usage:\n  /set think [low|medium|high|max]\n  /set nothink");
            return;
        }
        bool thinks = what == "think";
        if (thinks && !state.Backend.Can("thinking"))
        {
            Say($"Warning: the model '{state.Backend.Model}' does not support thinking, and refuses questions that ask for it.");
        }
        state.Think = thinks ? level.Length > 0 ? level : true : false;
        Say(level.Length > 0 ? $"Set 'think' mode to '{level}'." : $"Set '{what}' mode.");
    }

    private void SetText(string what, string text)
    {
        string value = text is ['"', .., '"'] && !text.Contains('\n', StringComparison.Ordinal) ? text[1..^1] : text;
        if (value.Length == 0)
        {
            Say($"Usage:\n  /set {what} <text>, or the text between \"\"\" on several lines");
        }
        else if (what == "system")
        {
            state.SetSystem(value);
            Say("Set system message.");
        }
        else
        {
            state.Template = value;
            Say("Set prompt template. It is that of models that /save makes: a conversation goes on with the model's own.");
        }
    }

    private void SetParameter(string line)
    {
        List<string> words = Words(line);
        if (words.Count < 2)
        {
            Say("Usage:\n  /set parameter <name> <value>");
            return;
        }
        string name = words[0].ToLowerInvariant();
        if (ParameterTable.KindOf(name) is not { } kind || kind == ParameterKind.Removed)
        {
            string nearest = NearestName.Of(name, ParameterTable.Names) is { } near ? $"; did you mean '{near}'?" : "";
            throw new CommandLineException($"unknown parameter '{words[0]}'{nearest}");
        }
        if (kind == ParameterKind.Texts)
        {
            state.Options[name] = new JsonArray([.. words.Skip(1).Select(text => (JsonNode)text)]);
        }
        else
        {
            state.Options[name] = (words.Count == 2 ? ParameterTable.Parse(kind, words[1]) : null) ?? throw new CommandLineException(
                $"'{string.Join(' ', words.Skip(1))}' is no value of {name}, which takes {(kind == ParameterKind.Boolean ? "true or false" : kind == ParameterKind.Real ? "a number" : "a whole number")}");
        }
        Say($"Set parameter '{name}' to '{string.Join(", ", words.Skip(1))}'");
    }

    /// <summary>Words parted by spaces, or in quotes.</summary>
    private static List<string> Words(string line)
    {
        List<string> words = [];
        StringBuilder word = new();
        bool isQuoted = false, isBegun = false;
        foreach (char c in line)
        {
            if (c == '"')
            {
                (isQuoted, isBegun) = (!isQuoted, true);
            }
            else if (!isQuoted && char.IsWhiteSpace(c))
            {
                if (isBegun)
                {
                    words.Add(word.ToString());
                    word.Clear();
                }
                isBegun = false;
            }
            else
            {
                word.Append(c);
                isBegun = true;
            }
        }
        if (isBegun)
        {
            words.Add(word.ToString());
        }
        return words;
    }

    private void Say(string text) => host.Out.WriteLine(text);
}
