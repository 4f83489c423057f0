using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Cli;

/// <summary><c>run</c>: asks a model, in this process. With a prompt it answers once; at a terminal without one it talks.</summary>
internal sealed class RunCommand
{
    private readonly CliHost _host;
    private readonly Argument<string> _model = new("MODEL") { Description = "A name of models.manifest, or the path of a GGUF file" };
    private readonly Argument<string[]> _prompt = new("PROMPT") { Description = "The prompt; words are joined by spaces, after what stands on standard input", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Print timings and what computes, on standard error" };
    private readonly Option<string?> _system = new("--system") { Description = "System message", HelpName = "TEXT" };
    private readonly Option<bool?> _think = new("--think") { Description = "Whether the model shall think, where its template asks; alone it means true", Arity = ArgumentArity.ZeroOrOne, HelpName = "true|false" };
    private readonly SamplingFlags _sampling = new();
    private readonly ComputeFlags _compute = new();
    private readonly AdapterFlags _adapters = new();

    private RunCommand(CliHost host) => _host = host;

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        RunCommand run = new(host);
        Command command = new("run", "Ask a model, or talk with it.") { run._model, run._prompt, run._verbose, run._system, run._think };
        run._sampling.AddTo(command);
        run._compute.AddTo(command);
        run._adapters.AddTo(command);
        command.SetAction(run.InvokeAsync);
        return command;
    }

    private async Task<int> InvokeAsync(ParseResult result, CancellationToken cancellationToken)
    {
        ServedModel model = _host.Catalogue.Resolve(result.GetRequiredValue(_model)).ToServed();
        ModelOptions options = _compute.Read(result, _host) with { Adapters = _adapters.Read(result) };
        GenerationOptions generation = _sampling.Read(result, model);
        string[] words = result.GetValue(_prompt) ?? [];
        bool talks = words.Length == 0 && _host.InputIsTerminal && _host.OutputIsTerminal;
        string prompt = talks ? "" : ReadPrompt(words);
        bool verbose = result.GetValue(_verbose);
        if (verbose)
        {
            _host.Error.WriteLine(ComputeFlags.Describe(options));
        }

        long started = Stopwatch.GetTimestamp();
        await using ITextEngine engine = _host.OpenEngine(model.Path, options);
        TimeSpan load = Stopwatch.GetElapsedTime(started);
        GenerationRequest request = generation.ApplyTo(Opening(result), engine);
        AnswerPrinter printer = new(_host, engine, verbose);
        if (talks)
        {
            await new ChatLoop(_host, printer, request).RunAsync(cancellationToken);
        }
        else
        {
            await AnswerOnceAsync(engine, printer, request, prompt, load, cancellationToken);
        }
        return 0;
    }

    private async Task AnswerOnceAsync(
        ITextEngine engine, AnswerPrinter printer, GenerationRequest request, string prompt, TimeSpan load, CancellationToken cancellationToken)
    {
        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using IDisposable registration = _host.OnInterrupt(interrupted.Cancel);
        if (!engine.Description.Capabilities.HasFlag(ModelCapabilities.Completion))
        {
            await EmbedAsync(engine, prompt, interrupted.Token);
        }
        else if (prompt.Length > 0)
        {
            ChatMessage question = new() { Role = "user", Content = prompt };
            await printer.PrintAsync(request with { Messages = [.. request.Messages!, question] }, load, interrupted.Token);
        }
        // Without a prompt the model was loaded, which shows that it can be.
    }

    private async Task EmbedAsync(ITextEngine engine, string prompt, CancellationToken cancellationToken)
    {
        if (prompt.Length == 0)
        {
            throw new CommandLineException("This model embeds and needs a text: give it as the prompt or on standard input.");
        }
        EmbeddingResult embedding = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [prompt] }, cancellationToken);
        _host.Out.WriteLine(JsonSerializer.Serialize(embedding.Vectors[0]));
    }

    /// <summary>Standard input first, unless a person sits there, then the words.</summary>
    private string ReadPrompt(string[] words)
    {
        string input = _host.InputIsTerminal ? "" : _host.In.ReadToEnd();
        return string.Join(' ', input.Length > 0 ? [input, .. words] : words);
    }

    /// <summary>The request before its question.</summary>
    private GenerationRequest Opening(ParseResult result) => new()
    {
        Messages = result.GetValue(_system) is { } system ? [new ChatMessage { Role = "system", Content = system }] : [],
        Think = result.GetResult(_think) is null ? null : result.GetValue(_think) ?? true,
    };
}
