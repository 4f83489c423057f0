using System.Diagnostics;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Runners;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary>
/// Starts a server for commands that need one, where <c>OLLAMA_HOST</c> is on this machine and nobody listens there. The server outlives the command, writes
/// to a log in the <see cref="StateFolder"/> and ends after <see cref="IdleTime"/> without anything to do. Of commands that start at once, one starts it, held
/// apart by a lock on a file. <c>LOCALLLM_NO_AUTOSTART=1</c> forbids all of it.
/// </summary>
/// <param name="host">The world.</param>
/// <param name="server">The server's address.</param>
internal sealed class ServerStart(CliHost host, ServerClient server)
{
    /// <summary>How long a server that was started so stays without anything to do.</summary>
    public const string IdleTime = "10m";

    private const long LargestLog = 8 << 20;
    private const int LinesOfLog = 3;

    // A server listens within a second; this is for machines that swap.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly string _folder = StateFolder.Find(host.Variable);

    private string Log => Path.Combine(_folder, $"server-{server.Port}.log");

    private string Lock => Path.Combine(_folder, $"server-{server.Port}.lock");

    /// <summary>Whether a server may be started.</summary>
    public bool IsAllowed => server.CanBeStartedHere && host.Runner is not null && !new EnvironmentReader(host.Variable).Switch("LOCALLLM_NO_AUTOSTART");

    /// <summary>Sees to it that a server listens.</summary>
    /// <exception cref="CommandLineException">None does, and none may be or could be started.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (await server.IsRunningAsync(cancellationToken))
        {
            return;
        }
        if (!IsAllowed)
        {
            throw server.NotRunning();
        }
        DurableFiles.CreateFolder(_folder);
        long began = Stopwatch.GetTimestamp();
        using FileStream held = await TakeLockAsync(began, cancellationToken);
        if (await server.IsRunningAsync(cancellationToken))
        {
            return; // whoever had the lock started it
        }
        await StartAsync(began, cancellationToken);
        if (host.ErrorIsTerminal)
        {
            host.Error.WriteLine($"Started a server at {server.Address}, which ends after {IdleTime} without use; its log is {Log}");
        }
    }

    private async Task<FileStream> TakeLockAsync(long began, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (LockedFile.TryOpen(Lock) is { } file)
            {
                return file;
            }
            if (Stopwatch.GetElapsedTime(began) > s_patience)
            {
                throw new CommandLineException($"another command has been starting a server for a minute and holds '{Lock}': end it, or run 'localllm serve' yourself");
            }
            await Task.Delay(s_pause, cancellationToken);
        }
    }

    private async Task StartAsync(long began, CancellationToken cancellationToken)
    {
        if (File.Exists(Log) && new FileInfo(Log).Length > LargestLog)
        {
            File.Move(Log, Log + ".old", overwrite: true);
        }
        Detachment.KeepDescriptors();
        using Process process = Process.Start(StartInfo(host.Runner!)) ?? throw Failed("the system started none");
        while (!await server.IsRunningAsync(cancellationToken))
        {
            if (process.HasExited)
            {
                throw Failed(LastWords(process));
            }
            if (Stopwatch.GetElapsedTime(began) > s_patience)
            {
                process.Kill(entireProcessTree: true);
                throw Failed("it did not listen within a minute");
            }
            await Task.Delay(s_pause, cancellationToken);
        }
    }

    /// <summary>Its streams are pipes until it detaches: it must not inherit those of this command, whose readers would wait for it.</summary>
    private ProcessStartInfo StartInfo(RunnerProgram program)
    {
        ProcessStartInfo start = new(program.FileName, [.. program.Arguments, "serve", Detachment.Option, Log, ServeCommand.IdleOption, IdleTime])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = _folder, // it keeps no other folder in use
        };
        OllamaEnvironment environment = OllamaEnvironment.Read(host.Variable);
        start.Environment["OLLAMA_HOST"] = server.Address;
        start.Environment["OLLAMA_MODELS"] = Path.GetFullPath(environment.Models);
        return start;
    }

    private CommandLineException Failed(string reason) => new($"a server could not be started at {server.Address}: {reason} (its log is {Log})");

    private string LastWords(Process process)
    {
        string early = process.StandardError.ReadToEnd().Trim();
        string[] lines = early.Length > 0 ? early.Split('\n') : File.Exists(Log) ? File.ReadAllLines(Log) : [];
        return Array.FindLast(lines, line => line.StartsWith(CommandLine.ErrorMark, StringComparison.Ordinal)) is { } told ? told[CommandLine.ErrorMark.Length..]
            : lines.Length > 0 ? string.Join(' ', lines.TakeLast(LinesOfLog)) : $"it ended with exit code {process.ExitCode}";
    }
}
