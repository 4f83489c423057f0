using LocalLlm.Engine;
using LocalLlm.Server.Cli;
using LocalLlm.Server.Runners;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary>The commands with a scripted world: what they read, what they wrote, and the models that they opened.</summary>
internal sealed class CliUnderTest
{
    private readonly List<Action> _interrupts = [];

    /// <summary>The model that every path opens; null for the real engine.</summary>
    public ITextEngine? Engine { get; init; }

    /// <summary>What runs models in processes of their own; null for none.</summary>
    public RunnerProgram? Runner { get; init; }

    public string Input { get; init; } = "";

    public bool AtTerminal { get; init; }

    /// <summary>The environment. Model store and server are ones that are not there, not those of whoever runs the tests: nobody listens on port 1.</summary>
    public Dictionary<string, string> Variables { get; } = new()
    {
        ["OLLAMA_MODELS"] = Path.Combine(Path.GetTempPath(), "localllm-no-store", Path.GetRandomFileName()),
        ["OLLAMA_HOST"] = "127.0.0.1:1",
    };

    public string Folder { get; init; } = RepoPaths.Root;

    /// <summary>Bytes that every disk has free; null for what is.</summary>
    public long? FreeBytes { get; init; }

    public SharedWriter Out { get; } = new();

    /// <summary>What was written that is not text.</summary>
    public MemoryStream OutBytes { get; } = new();

    public SharedWriter Error { get; } = new();

    public List<(string Path, ModelOptions Options)> Opened { get; } = [];

    public async Task<int> RunAsync(params string[] args) => await RunAsync(args, CancellationToken.None);

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken) => await CommandLine.RunAsync(args, Host(), cancellationToken);

    /// <summary>The world that the commands see.</summary>
    public CliHost Host()
    {
        CliHost host = new()
        {
            In = new StringReader(Input),
            Out = Out,
            OutBytes = () => OutBytes,
            Error = Error,
            InputIsTerminal = AtTerminal,
            OutputIsTerminal = AtTerminal,
            ErrorIsTerminal = AtTerminal,
            Variable = name => Variables.GetValueOrDefault(name),
            ProgramFolder = Folder,
            CompletionPatience = TimeSpan.FromMinutes(1),
            OnInterrupt = Listen,
            Runner = Runner,
        };
        if (Engine is not null)
        {
            host = host with { OpenEngine = Open };
        }
        if (FreeBytes is { } free)
        {
            host = host with { FreeBytes = _ => free };
        }
        return host;
    }

    /// <summary>Runs a command that must fail, and gives its sentence.</summary>
    public async Task<string> FailAsync(params string[] args)
    {
        Assert.Equal(1, await RunAsync(args));
        Assert.Equal("", Out.ToString());
        string error = Error.ToString();
        Assert.StartsWith("Error: ", error, StringComparison.Ordinal);
        Assert.Equal(error.Length - 1, error.IndexOf('\n'));
        return error["Error: ".Length..^1];
    }

    /// <summary>Presses Ctrl-C.</summary>
    public void Interrupt()
    {
        foreach (Action interrupt in _interrupts.ToArray())
        {
            interrupt();
        }
    }

    private ITextEngine Open(string path, ModelOptions options)
    {
        Opened.Add((path, options));
        return Engine!;
    }

    private Registration Listen(Action action)
    {
        _interrupts.Add(action);
        return new Registration(() => _interrupts.Remove(action));
    }

    private sealed class Registration(Action end) : IDisposable
    {
        public void Dispose() => end();
    }

    /// <summary>Text that can be read while a command still writes.</summary>
    internal sealed class SharedWriter : StringWriter
    {
        private readonly Lock _lock = new();

        public SharedWriter() => NewLine = "\n";

        public override void Write(char value) => Locked(() => base.Write(value));

        public override void Write(char[] buffer, int index, int count) => Locked(() => base.Write(buffer, index, count));

        public override void Write(string? value) => Locked(() => base.Write(value));

        public override void WriteLine(string? value) => Locked(() => base.Write(value + "\n"));

        public override string ToString()
        {
            lock (_lock)
            {
                return base.ToString();
            }
        }

        private void Locked(Action write)
        {
            lock (_lock)
            {
                write();
            }
        }
    }
}
