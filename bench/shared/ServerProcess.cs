using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace LocalLlm.Bench.Shared;

/// <summary>A <c>localllm serve</c> on a free port of the loopback interface, in an environment of its own, that ends with this program.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    /// <summary>The name that the model goes by.</summary>
    public const string ModelName = "bench";

    private const int Terminate = 15; // SIGTERM
    private const int LinesKept = 30;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly DirectoryInfo _home;
    private readonly ConcurrentQueue<string> _log = [];
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(ProcessStartInfo start, DirectoryInfo home)
    {
        _home = home;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.OutputDataReceived += (_, _) => { };
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException($"The server ended before it listened: {Log()}"));
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => _listening.Task.Result;

    /// <summary>Its process.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <param name="model">The model's file.</param>
    /// <param name="simd">SIMD level of its kernels.</param>
    /// <param name="variables">Environment variables to set; of several with one name the last one counts.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">It is not built, or did not start.</exception>
    public static async Task<ServerProcess> StartAsync(string model, string simd, IEnumerable<KeyValuePair<string, string>> variables, CancellationToken cancellationToken)
    {
        string program = Checkout.File("src", "Server", "bin", "Release", "net10.0", "localllm");
        DirectoryInfo home = Directory.CreateTempSubdirectory("localllm-bench-");
        ProcessStartInfo start = new(program, ["serve", "--model", $"{ModelName}={model}", "--simd", simd])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            WorkingDirectory = home.FullName,
        };
        SetEnvironment(start.Environment, variables, home.FullName);
        ServerProcess server = new(start, home);
        try
        {
            server._process.Start();
            AppDomain.CurrentDomain.ProcessExit += server.EndWithProgram;
            server._process.BeginErrorReadLine();
            server._process.BeginOutputReadLine();
            await server._listening.Task.WaitAsync(StartTime, cancellationToken);
            return server;
        }
        catch (Win32Exception)
        {
            home.Delete(recursive: true);
            throw new InvalidOperationException($"There is no {program}: build it with dotnet build -c Release src/Server, or start this by its run.sh.");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the server to end, and ends it if it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, Terminate);
            using CancellationTokenSource patience = new(EndTime);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Console.Error.WriteLine($"The server did not end within {EndTime.TotalSeconds:0} s of being asked to and was killed.");
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
        AppDomain.CurrentDomain.ProcessExit -= EndWithProgram;
        _process.Dispose();
        _home.Delete(recursive: true);
    }

    /// <summary>The last lines that it wrote to its standard error.</summary>
    public string Log() => string.Join('\n', _log);

    /// <summary>A signal ends this program without disposing anything: the server is asked to end nevertheless.</summary>
    private void EndWithProgram(object? sender, EventArgs arguments)
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, Terminate);
        }
    }

    /// <summary>What the user has set for a server of their own must not reach this one.</summary>
    private static void SetEnvironment(IDictionary<string, string?> environment, IEnumerable<KeyValuePair<string, string>> variables, string home)
    {
        foreach (string name in environment.Keys.Where(name => name.StartsWith("OLLAMA_", StringComparison.Ordinal) || name.StartsWith("LOCALLLM_", StringComparison.Ordinal)).ToArray())
        {
            environment.Remove(name);
        }
        environment["HOME"] = home;
        environment["OLLAMA_HOST"] = "127.0.0.1:0";
        environment["OLLAMA_KEEP_ALIVE"] = "-1";
        environment["OLLAMA_CONTEXT_LENGTH"] = "4096";
        foreach ((string name, string value) in variables)
        {
            environment[name] = value;
        }
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }
        _log.Enqueue(line);
        while (_log.Count > LinesKept)
        {
            _log.TryDequeue(out _);
        }
        if (!_listening.Task.IsCompleted && ListeningAddress.Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"listening on (http://[^,\s]+)")]
    private static partial Regex ListeningAddress { get; }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
