using System.Text.Json.Nodes;
using LocalLlm.Server.Cli.Session.Editing;

namespace LocalLlm.Server.Cli.Session;

/// <summary>The commands of a conversation.</summary>
internal sealed class SlashCommands : IAsyncDisposable
{
    private readonly CliHost _host;
    private readonly SessionState _state;
    private readonly SetCommands _set;
    private readonly List<IChatBackend> _loaded = [];

    /// <summary>Commands on a conversation.</summary>
    public SlashCommands(CliHost host, SessionState state, ILineInput input)
    {
        (_host, _state) = (host, state);
        _set = new SetCommands(host, state, input);
    }

    /// <summary>Whether the user has left.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether a line is a command: what looks like a path is a message.</summary>
    public static bool IsCommand(string text) =>
        text.TrimStart() is ['/', ..] line && !(FirstWord(line).Contains('\n', StringComparison.Ordinal) || FirstWord(line).IndexOfAny(['/', '.'], 1) >= 0);

    /// <summary>Does what a command says.</summary>
    /// <param name="line">The command, without spaces around it.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    /// <exception cref="CommandLineException">It cannot be done.</exception>
    public async Task RunAsync(string line, CancellationToken cancellationToken)
    {
        string command = FirstWord(line);
        string rest = line[command.Length..].Trim();
        switch (command)
        {
            case "/bye" or "/exit":
                IsOver = true;
                break;
            case "/clear":
                _state.Clear();
                _host.Out.WriteLine("Cleared session context");
                break;
            case "/set":
                _set.Run(rest);
                break;
            case "/show":
                SessionShow.Write(_host.Out, _state, rest);
                break;
            case "/load":
                await LoadAsync(rest, cancellationToken);
                break;
            case "/save":
                await SaveAsync(rest, cancellationToken);
                break;
            case "/list":
                ListCommand.Write(
                    _host.Out, await _state.Backend.ListAsync(cancellationToken), name => name.StartsWith(rest, StringComparison.OrdinalIgnoreCase), DateTimeOffset.Now);
                break;
            case "/?" or "/help":
                SessionHelp.Write(_host.Out, rest.TrimStart('/'));
                break;
            default:
                _host.Out.WriteLine($"Unknown command '{command}'. Type /? for help");
                break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (IChatBackend backend in _loaded)
        {
            await backend.DisposeAsync();
        }
    }

    private static string FirstWord(string line) => line.Trim().Split([' ', '\t', '\n'], 2)[0];

    private async Task LoadAsync(string name, CancellationToken cancellationToken)
    {
        if (name.Length == 0 || name.Contains(' ', StringComparison.Ordinal))
        {
            _host.Out.WriteLine("Usage:\n  /load <modelname>");
            return;
        }
        _host.Out.WriteLine($"Loading model '{name}'");
        IChatBackend other = await OpenAsync(name, cancellationToken);
        _loaded.Add(other);
        ChatQuestion question = _state.Ask(null) with { Think = other.Can("thinking") ? _state.Think ?? true : null };
        await other.LoadAsync(question, cancellationToken);
        _state.Backend = other;
        _state.Think = question.Think;
        _state.Clear();
    }

    private async Task<IChatBackend> OpenAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await _state.Backend.SwitchAsync(name, cancellationToken);
        }
        catch (ServerErrorException missing) when (missing.Status == StatusCodes.Status404NotFound)
        {
            throw new CommandLineException($"Couldn't find model '{name}'{ModelSuggestion.For(name, await _state.Backend.ListAsync(cancellationToken))}");
        }
    }

    private async Task SaveAsync(string name, CancellationToken cancellationToken)
    {
        if (name.Length == 0 || name.Contains(' ', StringComparison.Ordinal))
        {
            _host.Out.WriteLine("Usage:\n  /save <modelname>");
            return;
        }
        JsonObject recipe = _state.Recipe(name);
        recipe["stream"] = true;
        await _state.Backend.SaveAsync(recipe, cancellationToken);
        _host.Out.WriteLine($"Created new model '{name}'");
    }
}
