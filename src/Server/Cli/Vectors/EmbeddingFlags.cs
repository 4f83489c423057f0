using System.CommandLine;
using System.Text.Json.Nodes;
using LocalLlm.Engine;
using LocalLlm.Server.Cli.Session;

namespace LocalLlm.Server.Cli.Vectors;

/// <summary>What the verbs that embed have in common: the model, how it computes, and where the lines come from.</summary>
/// <param name="host">The world.</param>
/// <param name="verb">The verb, for errors.</param>
internal sealed class EmbeddingFlags(CliHost host, string verb)
{
    private readonly Option<string?> _file = new("--file") { Description = "File of texts, UTF-8, one a line", HelpName = "LINES" };
    private readonly Option<int?> _dimensions = Flags.Int32("--dimensions", "Components of a vector to keep", 1);
    private readonly Option<bool?> _truncate = new("--truncate") { Description = "Whether a text that is too long is cut (the default) or refused", HelpName = "true|false" };
    private readonly Option<string?> _keepAlive = new("--keepalive") { Description = "How long the server keeps the model in memory, such as 5m; negative for ever", HelpName = "DURATION" };
    private readonly Option<bool> _insecure = new("--insecure") { Description = "Fetch a model that is not there over plain HTTP" };
    private readonly ComputeFlags _compute = new();
    private readonly AdapterFlags _adapters = new();

    /// <summary>The model.</summary>
    public Argument<string> Model { get; } = new Argument<string>("MODEL") { Description = "The model's name, or the path of a GGUF file" }.Complete(host);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _file, _dimensions, _truncate, _keepAlive, _insecure })
        {
            command.Options.Add(option);
        }
        _compute.AddTo(command);
        _adapters.AddTo(command);
    }

    /// <summary>The texts: the words, each of them one; else the lines of the file; else those of standard input.</summary>
    /// <exception cref="CommandLineException">There are words and a file, or nothing of it all.</exception>
    public IEnumerable<string> Texts(ParseResult result, string[] words)
    {
        string? file = result.GetValue(_file);
        if (words.Length > 0)
        {
            return file is null ? words : throw new CommandLineException($"{verb} takes texts or --file, not both.");
        }
        if (file is null && host.InputIsTerminal)
        {
            throw new CommandLineException($"{verb} has no text: give it with --file, on standard input{(verb == "embed" ? ", or as words" : "")}.");
        }
        return file is null ? TextLines.Of(host.In) : TextLines.OfFile(file);
    }

    /// <summary>Has a model embed, where <c>run</c> would have it answer (<see cref="RunPlace"/>); Ctrl-C ends it.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="use">Is given what turns texts into their vectors, in order.</param>
    /// <param name="cancellationToken">Ends it as well.</param>
    public async Task UseAsync(ParseResult result, Func<Func<IReadOnlyList<string>, Task<IReadOnlyList<float[]>>>, Task> use, CancellationToken cancellationToken)
    {
        AdapterOptions[] adapters = _adapters.Read(result);
        ChatQuestion options = new() { Messages = [], Options = Options(result), KeepAlive = RunFlags.KeepAlive(result.GetValue(_keepAlive)) };
        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using IDisposable registration = host.OnInterrupt(interrupted.Cancel);
        await using IChatBackend backend = await new RunPlace(host, verb).OpenAsync(
            result.GetRequiredValue(Model),
            () => _compute.Read(result, host) with { Adapters = adapters },
            needsThisProcess: adapters.Length > 0 || _compute.AreGiven(result),
            result.GetValue(_insecure),
            interrupted.Token);
        await use(texts => backend.EmbedAllAsync(texts, result.GetValue(_truncate), result.GetValue(_dimensions), options, interrupted.Token));
    }

    private JsonObject Options(ParseResult result) => _compute.ContextOf(result) is { } context ? new JsonObject { ["num_ctx"] = context } : [];
}
