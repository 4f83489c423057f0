using LocalLlm.Engine;
using LocalLlm.Gguf;
using LocalLlm.Server.Cli.Session.Editing;
using LocalLlm.Server.Http;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Cli.Session;

/// <summary>The conversation of <c>run MODEL</c> at a terminal: messages are answered, seeing all that was said; lines with a slash are commands.</summary>
internal sealed class ChatSession : IAsyncDisposable
{
    private readonly CliHost _host;
    private readonly SessionState _state;
    private readonly ILineInput _input;
    private readonly SlashCommands _commands;
    private readonly Attachments _attachments;
    private readonly Lock _lock = new();
    private CancellationTokenSource? _answering; // guarded by _lock, since Ctrl-C comes on a thread of its own

    /// <summary>A conversation.</summary>
    /// <param name="host">The terminal.</param>
    /// <param name="state">What was set on the command line. Models that are switched to are disposed with the conversation.</param>
    /// <param name="input">Where messages are typed.</param>
    public ChatSession(CliHost host, SessionState state, ILineInput input)
    {
        (_host, _state, _input) = (host, state, input);
        _commands = new SlashCommands(host, state, input);
        _attachments = new Attachments(host);
    }

    /// <summary>Talks until the input ends or the user leaves.</summary>
    /// <param name="cancellationToken">Ends the conversation.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using IDisposable interrupts = _host.OnCtrlC(Interrupt);
        Replay();
        MessageReader reader = new(_input);
        while (!_commands.IsOver)
        {
            (InputLine line, bool isQuoted) = reader.Read();
            cancellationToken.ThrowIfCancellationRequested();
            switch (line.End)
            {
                case LineEnd.EndOfInput:
                    return;
                case LineEnd.Interrupted:
                    WriteHint(line.Text);
                    break;
                default:
                    await TellErrorsAsync(() => TakeAsync(line.Text, isQuoted, cancellationToken), cancellationToken);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _commands.DisposeAsync();

    private async Task TakeAsync(string text, bool isQuoted, CancellationToken cancellationToken)
    {
        if (text.Trim().Length == 0)
        {
            return;
        }
        if (!isQuoted && SlashCommands.IsCommand(text))
        {
            await CancellableAsync(token => _commands.RunAsync(text.Trim(), token), cancellationToken);
            return;
        }
        if (_attachments.Read(text, _state.Backend) is { } message)
        {
            await CancellableAsync(token => AnswerAsync(message, token), cancellationToken);
        }
    }

    private async Task AnswerAsync(SessionMessage message, CancellationToken cancellationToken)
    {
        IAsyncEnumerable<AnswerPart> parts = _state.Backend.AskAsync(_state.Ask(message), cancellationToken);
        SessionMessage answer = await new AnswerPrinter(_host, _state.Style).PrintAsync(parts, cancellationToken);
        _state.Messages.AddRange([message, answer]);
    }

    /// <summary>Runs what Ctrl-C stops. A stopped answer is forgotten together with its question.</summary>
    private async Task CancellableAsync(Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        using CancellationTokenSource answering = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_lock)
        {
            _answering = answering;
        }
        try
        {
            await action(answering.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _host.Out.Write("\n\n");
        }
        finally
        {
            lock (_lock)
            {
                _answering = null;
            }
        }
    }

    /// <summary>What goes wrong with one message does not end the conversation.</summary>
    private async Task TellErrorsAsync(Func<Task> action, CancellationToken cancellationToken)
    {
        try
        {
            await action();
        }
        catch (Exception exception) when (
            !cancellationToken.IsCancellationRequested
            && exception is TextEngineException or CommandLineException or RequestException or ModelCatalogueException or GgufFormatException or IOException or UnauthorizedAccessException)
        {
            _host.Error.WriteLine($"Error: {exception.Message}");
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
        _host.Out.WriteLine();
        WriteHint("");
        _host.Out.Write(">>> ");
        _host.Out.Flush();
    }

    /// <summary>Ctrl-C on an empty line may be meant to leave.</summary>
    private void WriteHint(string text)
    {
        if (text.Length == 0)
        {
            _host.Out.WriteLine("Use Ctrl + d or /bye to exit.");
        }
    }

    /// <summary>Shows what the model itself puts before the conversation.</summary>
    private void Replay()
    {
        foreach (SessionMessage message in _state.Backend.Card.Messages)
        {
            _host.Out.WriteLine(message.Role == "user" ? $">>> {message.Content}" : $"{message.Content}\n");
        }
    }
}
