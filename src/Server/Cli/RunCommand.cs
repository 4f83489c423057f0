using System.CommandLine;
using System.Text.Json.Nodes;
using LocalLlm.Engine;
using LocalLlm.Server.Cli.Session;
using LocalLlm.Server.Cli.Session.Editing;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary><c>run</c>: asks a model. With a prompt it answers once; at a terminal without one it talks.</summary>
internal sealed class RunCommand
{
    private readonly CliHost _host;
    private readonly Argument<string> _model = new("MODEL") { Description = "The model's name, or the path of a GGUF file" };
    private readonly Argument<string[]> _prompt = new("PROMPT") { Description = "The prompt; words are joined by spaces, after what stands on standard input", Arity = ArgumentArity.ZeroOrMore };
    private readonly RunFlags _flags = new();
    private readonly SamplingFlags _sampling = new();
    private readonly ComputeFlags _compute = new();
    private readonly AdapterFlags _adapters = new();

    private RunCommand(CliHost host) => _host = host;

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        RunCommand run = new(host);
        Command command = new("run", "Ask a model, or talk with it.") { run._model.Complete(host), run._prompt };
        run._flags.AddTo(command);
        run._sampling.AddTo(command);
        run._compute.AddTo(command);
        run._adapters.AddTo(command);
        command.SetAction(run.InvokeAsync);
        return command;
    }

    private async Task<int> InvokeAsync(ParseResult result, CancellationToken cancellationToken)
    {
        ChatQuestion opening = _flags.Opening(result) with { Options = Options(result) };
        string[] words = result.GetValue(_prompt) ?? [];
        bool talks = words.Length == 0 && _host.InputIsTerminal && _host.OutputIsTerminal;
        AdapterOptions[] adapters = _adapters.Read(result);
        bool needsThisProcess = adapters.Length > 0 || _compute.AreGiven(result);
        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IDisposable registration = _host.OnInterrupt(interrupted.Cancel);
        try
        {
            await using IChatBackend backend = await new RunPlace(_host).OpenAsync(
                result.GetRequiredValue(_model), () => LoadOptions(result, adapters), needsThisProcess, _flags.IsInsecure(result), interrupted.Token);
            bool embeds = !backend.Can("completion") && backend.Can("embedding");
            opening = opening with { Think = opening.Think ?? (backend.Can("thinking") ? true : null) };
            if (embeds)
            {
                await EmbedAsync(result, backend, opening, talks ? "" : await ReadPromptAsync(words, interrupted.Token), interrupted.Token);
            }
            else if (talks)
            {
                using (new WaitSign(_host, TimeProvider.System))
                {
                    await backend.LoadAsync(opening, interrupted.Token);
                }
                registration.Dispose(); // from here on, Ctrl-C stops answers
                await using ChatSession session = new(_host, new SessionState(backend, opening, _flags.Style(result, _host)), LineInput());
                await session.RunAsync(cancellationToken);
            }
            else
            {
                await AnswerOnceAsync(result, backend, opening, await ReadPromptAsync(words, interrupted.Token), interrupted.Token);
            }
        }
        finally
        {
            registration.Dispose();
        }
        return 0;
    }

    private async Task EmbedAsync(ParseResult result, IChatBackend backend, ChatQuestion opening, string text, CancellationToken cancellationToken)
    {
        if (text.Length == 0)
        {
            throw new CommandLineException("embedding models require input text. This model embeds and needs a text: give it as the prompt or on standard input");
        }
        _host.Out.WriteLine(await backend.EmbedAsync(text, _flags.Truncate(result), _flags.Dimensions(result), opening, cancellationToken));
    }

    private async Task AnswerOnceAsync(ParseResult result, IChatBackend backend, ChatQuestion opening, string prompt, CancellationToken cancellationToken)
    {
        if (prompt.Length == 0)
        {
            using WaitSign wait = new(_host, TimeProvider.System);
            await backend.LoadAsync(opening, cancellationToken); // which shows that it can be
            return;
        }
        ChatQuestion question = opening with { Messages = [.. opening.Messages, new SessionMessage("user", prompt)], IsSingle = true };
        await new AnswerPrinter(_host, _flags.Style(result, _host)).PrintAsync(backend.AskAsync(question, cancellationToken), cancellationToken);
    }

    private JsonObject Options(ParseResult result)
    {
        JsonObject options = _sampling.Read(result);
        if (_compute.ContextOf(result) is { } context)
        {
            options["num_ctx"] = context;
        }
        return options;
    }

    /// <summary>How to load a model into this process.</summary>
    private ModelOptions LoadOptions(ParseResult result, AdapterOptions[] adapters)
    {
        ModelOptions options = _compute.Read(result, _host) with { Adapters = adapters };
        if (_flags.IsVerbose(result))
        {
            _host.Error.WriteLine(ComputeFlags.Describe(options));
        }
        return options;
    }

    private ILineInput LineInput()
    {
        if (_host.Terminal() is not { } terminal)
        {
            return new PlainInput(_host);
        }
        bool isForgetful = OllamaEnvironment.Read(_host.Variable).NoHistory;
        InputHistory history = new(isForgetful ? null : InputHistory.PathFor(_host.Variable)) { IsOn = !isForgetful };
        return new LineEditor(terminal, _host.Out, history, new ExternalEditor(_host).Edit);
    }

    /// <summary>Standard input first, unless a person sits there, then the words.</summary>
    private async Task<string> ReadPromptAsync(string[] words, CancellationToken cancellationToken)
    {
        // On a thread of its own, which an interrupted command leaves behind: nothing ends a read that waits.
        string input = _host.InputIsTerminal ? "" : await Task.Run(_host.In.ReadToEnd, CancellationToken.None).WaitAsync(cancellationToken);
        return string.Join(' ', input.Length > 0 ? [input, .. words] : words);
    }
}
