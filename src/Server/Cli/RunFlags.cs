using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Server.Cli.Session;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary>The options of <c>run</c>, but for those of sampling and computing.</summary>
internal sealed class RunFlags
{
    private const string ThinkName = "--think";

    private readonly Option<bool> _verbose = new("--verbose") { Description = "Print timings on standard error, and what computes if it is this process" };
    private readonly Option<string?> _system = new("--system") { Description = "System message", HelpName = "TEXT" };
    private readonly Option<string?> _think = new(ThinkName) { Description = "Whether or how much the model shall think; alone it means true", HelpName = "true|false|low|medium|high|max", CustomParser = ReadThink };
    private readonly Option<bool> _hideThinking = new("--hidethinking") { Description = "Do not print what the model thinks" };
    private readonly Option<bool> _noWordWrap = new("--nowordwrap") { Description = "Do not break lines between words" };
    private readonly Option<string?> _format = new("--format") { Description = "Form of the answer: json, or a JSON Schema", HelpName = "json|SCHEMA" };
    private readonly Option<string?> _keepAlive = new("--keepalive") { Description = "How long the server keeps the model in memory, such as 5m; negative for ever", HelpName = "DURATION" };
    private readonly Option<bool> _insecure = new("--insecure") { Description = "Fetch a model that is not there over plain HTTP" };
    private readonly Option<bool?> _truncate = new("--truncate") { Description = "Whether a text that is too long to be embedded is cut (the default) or refused", HelpName = "true|false" };
    private readonly Option<int?> _dimensions = Flags.Int32("--dimensions", "Components of an embedding to keep", 1);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _verbose, _system, _think, _hideThinking, _noWordWrap, _format, _keepAlive, _insecure, _truncate, _dimensions })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether timings are asked for.</summary>
    public bool IsVerbose(ParseResult result) => result.GetValue(_verbose);

    /// <summary>Whether a model may be fetched over plain HTTP.</summary>
    public bool IsInsecure(ParseResult result) => result.GetValue(_insecure);

    /// <summary>Whether a text to embed is cut; null if nothing is said of it.</summary>
    public bool? Truncate(ParseResult result) => result.GetValue(_truncate);

    /// <summary>Components of an embedding to keep; null for all.</summary>
    public int? Dimensions(ParseResult result) => result.GetValue(_dimensions);

    /// <summary>How answers are printed.</summary>
    public AnswerStyle Style(ParseResult result, CliHost host) =>
        AnswerStyle.For(host, !result.GetValue(_noWordWrap), result.GetValue(_hideThinking), IsVerbose(result));

    /// <summary>What is asked before the user's own words.</summary>
    /// <exception cref="CommandLineException">The format or the duration is none.</exception>
    public ChatQuestion Opening(ParseResult result) => new()
    {
        Messages = result.GetValue(_system) is { } system ? [new SessionMessage("system", system)] : [],
        Format = result.GetValue(_format) is { Length: > 0 } format ? ReadFormat(format) : null,
        Think = result.GetValue(_think) switch
        {
            null => null,
            "true" => true,
            "false" => false,
            { } level => level,
        },
        KeepAlive = KeepAlive(result.GetValue(_keepAlive)),
    };

    /// <summary>
    /// The words of a command line with <c>--think</c> told from what follows it, as Ollama does: a word of the prompt is not its value. Only
    /// <c>true</c> and <c>false</c> are, because nobody begins a prompt with them.
    /// </summary>
    public static IReadOnlyList<string> JoinThink(IReadOnlyList<string> args)
    {
        List<string> joined = [];
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i] == "--")
            {
                return [.. joined, .. args.Skip(i)];
            }
            bool hasValue = args[i] == ThinkName && i + 1 < args.Count && args[i + 1] is "true" or "false";
            joined.Add(args[i] != ThinkName ? args[i] : $"{ThinkName}={(hasValue ? args[++i] : "true")}");
        }
        return joined;
    }

    private static string? ReadThink(System.CommandLine.Parsing.ArgumentResult result)
    {
        string text = result.Tokens[0].Value.ToLowerInvariant();
        if (text is not ("true" or "false" or "low" or "medium" or "high" or "max"))
        {
            result.AddError($"{ThinkName} must be true, false, low, medium, high or max, not '{text}'.");
        }
        return text;
    }

    private static JsonNode ReadFormat(string text)
    {
        if (text == "json")
        {
            return text;
        }
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new CommandLineException($"--format must be json or a JSON Schema object, not '{text}'.");
        }
        catch (JsonException)
        {
            throw new CommandLineException($"--format must be json or a JSON Schema object, not '{text}'.");
        }
    }

    /// <summary>Checks a duration of <c>--keepalive</c>; null stays null.</summary>
    /// <exception cref="CommandLineException">It is none.</exception>
    public static string? KeepAlive(string? text) => text is null || GoDuration.TryParse(text, out _)
        ? text
        : throw new CommandLineException($"--keepalive must be a duration with a unit, such as 5m or -1m, not '{text}'.");
}
