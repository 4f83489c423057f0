using System.Runtime.InteropServices;
using System.Text;
using LocalLlm.Engine;
using LocalLlm.Server.Cli.Session.Editing;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Models;
using LocalLlm.Server.Runners;
using Microsoft.Win32.SafeHandles;

namespace LocalLlm.Server.Cli;

/// <summary>What the commands see of the world. The process gives them the real one, tests one of their own.</summary>
internal sealed record CliHost
{
    /// <summary>Standard input.</summary>
    public required TextReader In { get; init; }

    /// <summary>Standard output, for results and nothing else.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Standard output for results that are not text; nothing goes to <see cref="Out"/> then.</summary>
    public Func<Stream> OutBytes { get; init; } = Output;

    /// <summary>Standard error: errors, warnings, timings.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether a person types the input.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>Whether a person reads the output.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether a person reads what is not a result.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns of the terminal that the output is.</summary>
    public Func<int> TerminalColumns { get; init; } = () => 80;

    /// <summary>The value of an environment variable; null if it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The folder at or above which <c>models.manifest</c> stands.</summary>
    public required string ProgramFolder { get; init; }

    /// <summary>Loads the model of a path into this process.</summary>
    public Func<string, ModelOptions, ITextEngine> OpenEngine { get; init; } = TextEngines.Open;

    /// <summary>What runs models in processes of their own; null where there is no such program, and models are loaded into this process.</summary>
    public RunnerProgram? Runner { get; init; }

    /// <summary>Calls an action at each Ctrl-C (and, where the system has it, at a polite request to end), until it is disposed.</summary>
    public required Func<Action, IDisposable> OnInterrupt { get; init; }

    /// <summary>Calls an action at each Ctrl-C alone, until it is disposed: what ends the process ends it.</summary>
    public Func<Action, IDisposable> OnCtrlC
    {
        get => field ?? OnInterrupt;
        init;
    }

    /// <summary>The terminal, if keys can be read from it.</summary>
    public Func<ITerminal?> Terminal { get; init; } = () => null;

    /// <summary>Bytes that may still be written to a folder.</summary>
    public Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>How long a shell that completes a word waits for a server's names: better none than a pause.</summary>
    public TimeSpan CompletionPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The models that are known by name.</summary>
    public ModelCatalogue Catalogue => ModelCatalogue.Find(ProgramFolder);

    /// <summary>The models of this machine.</summary>
    public LocalModels Models => new(OllamaEnvironment.Read(Variable).Models, Catalogue);

    /// <summary>The host of this process: its standard streams as UTF-8, its environment, its signals.</summary>
    public static CliHost ForProcess()
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        return new CliHost
        {
            // The console's own reader would set up the terminal; only Windows needs it, for its characters.
            In = Console.IsInputRedirected || !OperatingSystem.IsWindows() ? new StreamReader(Console.OpenStandardInput(), utf8) : Console.In,
            Out = new StreamWriter(Output(), utf8) { AutoFlush = true, NewLine = "\n" },
            Error = new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true, NewLine = "\n" },
            InputIsTerminal = !Console.IsInputRedirected,
            OutputIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            TerminalColumns = () => Console.WindowWidth is > 0 and int columns ? columns : 80,
            Variable = Environment.GetEnvironmentVariable,
            ProgramFolder = AppContext.BaseDirectory,
            Runner = RunnerProgram.OfThisProcess,
            OnInterrupt = action => new SignalRegistration(action, PosixSignal.SIGINT, PosixSignal.SIGTERM),
            OnCtrlC = action => new SignalRegistration(action, PosixSignal.SIGINT),
            Terminal = () => Console.IsInputRedirected || Console.IsOutputRedirected ? null : UnixTerminal.TryOpen(Environment.GetEnvironmentVariable),
        };
    }

    /// <summary>
    /// Standard output. The console's stream says nothing when the reader of a pipe has gone, and a long answer would be computed for nobody; a file's does.
    /// That one keeps a position of its own, which files that several programs write to must not have.
    /// </summary>
    private static Stream Output()
    {
        if (!Console.IsOutputRedirected || OperatingSystem.IsWindows())
        {
            return Console.OpenStandardOutput();
        }
        FileStream stream = new(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }

    /// <summary>Signals that are not left to the system.</summary>
    private sealed class SignalRegistration : IDisposable
    {
        private readonly PosixSignalRegistration[] _signals;

        public SignalRegistration(Action action, params PosixSignal[] signals)
        {
            void Handle(PosixSignalContext context)
            {
                context.Cancel = true; // The command ends by itself, after it has put things in order.
                action();
            }
            _signals = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
        }

        public void Dispose() => Array.ForEach(_signals, signal => signal.Dispose());
    }
}
