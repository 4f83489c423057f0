using LocalLlm.Engine;
using LocalLlm.Server.Cli.Session;
using LocalLlm.Server.Http;

namespace LocalLlm.Server.Cli;

/// <summary>The conversation of <c>run MODEL</c> at a terminal: a line is a message, the answers see all that was said.</summary>
/// <param name="host">The terminal.</param>
/// <param name="printer">Prints the answers.</param>
/// <param name="backend">Answers.</param>
/// <param name="template">The question that every message goes into; its messages, if any, come first and stay.</param>
internal sealed class ChatLoop(CliHost host, AnswerPrinter printer, IChatBackend backend, ChatQuestion template)
{
    private const string Prompt = ">>> ";
    private const string Continuation = "... ";
    private const string Quotes = "\"\"\"";

    private readonly IReadOnlyList<SessionMessage> _opening = template.Messages;
    private readonly List<SessionMessage> _history = [];
    private readonly Lock _lock = new();
    private CancellationTokenSource? _answering; // guarded by _lock, since Ctrl-C comes on a thread of its own

    /// <summary>Talks until the input ends or the user leaves.</summary>
    /// <param name="cancellationToken">Ends the conversation.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using IDisposable interrupts = host.OnInterrupt(Interrupt);
        while (ReadMessage() is { } message)
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (message.Trim())
            {
                case "":
                    break;
                case "/bye" or "/exit":
                    return;
                case "/clear":
                    _history.Clear();
                    host.Out.WriteLine("Cleared session context");
                    break;
                case "/?" or "/help":
                    WriteHelp();
                    break;
                case ['/', ..] command when !message.Contains('\n', StringComparison.Ordinal) && command.IndexOfAny(['/', '.'], 1) < 0:
                    host.Out.WriteLine($"Unknown command '{command.Split(' ')[0]}'. Type /? for help");
                    break;
                default:
                    await AnswerAsync(message, cancellationToken);
                    break;
            }
        }
    }

    private async Task AnswerAsync(string text, CancellationToken cancellationToken)
    {
        using CancellationTokenSource answering = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_lock)
        {
            _answering = answering;
        }
        SessionMessage message = new("user", text);
        try
        {
            ChatQuestion question = template with { Messages = [.. _opening, .. _history, message] };
            SessionMessage answer = await printer.PrintAsync(backend.AskAsync(question, answering.Token), answering.Token);
            _history.AddRange([message, answer]);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The user stopped this answer: it is forgotten together with its question.
            host.Out.Write("\n\n");
        }
        catch (Exception e) when (e is TextEngineException or CommandLineException or RequestException)
        {
            host.Error.WriteLine($"Error: {e.Message}");
        }
        finally
        {
            lock (_lock)
            {
                _answering = null;
            }
        }
    }

    private void Interrupt()
    {
        lock (_lock)
        {
            if (_answering is not null)
            {
                _answering.Cancel();
                return;
            }
        }
        host.Out.Write("\nUse Ctrl + d or /bye to exit.\n" + Prompt);
        host.Out.Flush();
    }

    /// <summary>The next message: a line, or what stands between triple quotes; null at the end of the input.</summary>
    private string? ReadMessage()
    {
        string? line = ReadLine(Prompt);
        if (line is null || !line.TrimStart().StartsWith(Quotes, StringComparison.Ordinal))
        {
            return line;
        }
        string text = line.TrimStart()[Quotes.Length..];
        while (!text.TrimEnd().EndsWith(Quotes, StringComparison.Ordinal))
        {
            if (ReadLine(Continuation) is not { } next)
            {
                return null;
            }
            text += "\n" + next;
        }
        return text.TrimEnd()[..^Quotes.Length];
    }

    private string? ReadLine(string prompt)
    {
        host.Out.Write(prompt);
        host.Out.Flush();
        return host.In.ReadLine();
    }

    private void WriteHelp()
    {
        TextTable commands = new("COMMAND", "");
        commands.Add("/clear", "Forget the conversation");
        commands.Add("/bye", "Leave");
        commands.Add("/?, /help", "This list");
        commands.Write(host.Out);
        host.Out.WriteLine($"Begin and end a message of several lines with {Quotes}. Ctrl + c stops an answer.");
    }
}
