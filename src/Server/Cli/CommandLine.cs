using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using LocalLlm.Engine;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Server.Cli.Bench;
using LocalLlm.Server.Http;
using LocalLlm.Server.Modelfiles;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary>
/// The program's commands. Results go to standard output, all else to standard error; an error is one line, <c>Error: </c> and a sentence, with exit code 1;
/// Ctrl-C ends a command with exit code 0.
/// </summary>
internal static partial class CommandLine
{
    /// <summary>What stands before the sentence of an error.</summary>
    public const string ErrorMark = "Error: ";

    /// <summary>EPIPE, of Linux and macOS alike (errno.h).</summary>
    private const int BrokenPipe = 32;

    /// <summary>What shells see of a program that ends because nobody reads its output: 128 + SIGPIPE.</summary>
    private const int ReaderGone = 141;

    /// <summary>Runs a command.</summary>
    /// <param name="args">The words after the program's name.</param>
    /// <param name="host">The world.</param>
    /// <param name="cancellationToken">Ends the command as Ctrl-C does.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken = default)
    {
        // Prompts are taken as written: "@name" is no file of arguments and "-ab" no bundle of options.
        RootCommand root = Root(host);
        IReadOnlyList<string> words = args switch
        {
            ["run", ..] => RunFlags.JoinThink(args),
            ["help", ..] => [.. args.Skip(1), "--help"],
            _ => args,
        };
        ParseResult result = root.Parse(words, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if ((result.Errors.Count > 0 ? result.Errors[0].Message : UnknownOption(result)) is { } mistake)
        {
            host.Error.WriteLine($"{ErrorMark}{mistake.ReplaceLineEndings(" ")}{NearestVerb(root, result, args)}");
            return 1;
        }
        try
        {
            return await result.InvokeAsync(
                new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
                cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        catch (IOException e) when (e.HResult == BrokenPipe && !OperatingSystem.IsWindows())
        {
            return ReaderGone; // "localllm ... | head" has what it wants
        }
        catch (Exception e)
        {
            host.Error.WriteLine($"{ErrorMark}{Sentence(e)}");
            return 1;
        }
    }

    private static RootCommand Root(CliHost host)
    {
        RootCommand root = new("Runs large language models on this machine.")
        {
            RunCommand.Create(host),
            ServeCommand.Create(host),
            ListCommand.Create(host),
            PsCommand.Create(host),
            ShowCommand.Create(host),
            SearchCommand.Create(host),
            CreateCommand.Create(host),
            PullCommand.Create(host),
            PushCommand.Create(host),
            CopyCommand.Create(host),
            RemoveCommand.Create(host),
            StopCommand.Create(host),
            InspectCommand.Create(host),
            TokenizeCommand.Create(host),
            LogitsCommand.Create(host),
            EmbedCommand.Create(host),
            SimilarCommand.Create(host),
            SynthCommand.Create(host),
            ConvertCommand.Create(host),
            QuantizeCommand.Create(host),
            BenchCommand.Create(host),
            DoctorCommand.Create(host),
            CompletionCommand.Create(host),
            RunnerCommand.Create(host),
        };
        Option<bool> version = new("--version", "-v") { Description = "Show the version" };
        root.Options.Remove(root.Options.Single(option => option is VersionOption));
        root.Options.Add(version);
        root.SetAction(result =>
        {
            if (result.GetValue(version))
            {
                return VersionReport.Write(host.Out, host.Variable);
            }
            return new HelpAction().Invoke(result);
        });
        return root;
    }

    /// <summary>A question after a verb like the one that was mistyped, or nothing.</summary>
    private static string NearestVerb(RootCommand root, ParseResult result, IReadOnlyList<string> args)
    {
        IEnumerable<string> verbs = root.Subcommands.Where(verb => !verb.Hidden).SelectMany(verb => verb.Aliases.Prepend(verb.Name));
        return result.CommandResult.Command == root && args is [{ } verb, ..] && NearestName.Of(verb, verbs) is { } nearest ? $" Did you mean '{nearest}'?" : "";
    }

    /// <summary>
    /// The library takes a word such as <c>--verbos</c> for a piece of the prompt where a command takes many words; a mistyped option must not end up there.
    /// Null if there is none.
    /// </summary>
    private static string? UnknownOption(ParseResult result)
    {
        HashSet<Token> beforeDashes = [.. result.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)];
        Token? unknown = result.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .FirstOrDefault(token => OptionLike.IsMatch(token.Value) && beforeDashes.Contains(token));
        return unknown is null ? null : $"Unknown option '{unknown.Value}'; see --help, and write -- before text that begins like an option.";
    }

    [GeneratedRegex(@"^--?[A-Za-z][\w-]*(=.*)?$", RegexOptions.Singleline)]
    private static partial Regex OptionLike { get; }

    /// <summary>What the user is told: exceptions that carry a sentence give it, all others are a fault of this program.</summary>
    private static string Sentence(Exception exception) => exception switch
    {
        CommandLineException or ModelCatalogueException or TextEngineException or GgufFormatException or SafetensorsFormatException or RequestException or StoreException or ModelfileException
            => exception.Message,
        IOException or UnauthorizedAccessException => exception.Message,
        OutOfMemoryException => "There is not enough memory: use a smaller model or a smaller --ctx.",
        _ => $"This is a fault of the program ({exception.GetType().Name}): {exception.Message}",
    };
}
