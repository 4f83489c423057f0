using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners;

/// <summary>
/// A runner as a process: what it reports and complains of, and its end. Both are read by threads of their own, since waiting for a pipe takes a thread
/// in any case, and those of the pool are for requests.
/// </summary>
internal sealed class RunnerProcess : IDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly Process _process;
    private readonly Thread _complaints;
    private readonly RecentLines _recent = new();

    private RunnerProcess(Process process, Action<RunnerReport?> report, Action<string> log)
    {
        _process = process;
        Id = process.Id;
        StreamReader errors = process.StandardError;
        StreamReader output = process.StandardOutput;
        _complaints = new Thread(() => ReadComplaints(errors, log), StackBytes) { IsBackground = true, Name = $"runner {Id}: complaints" };
        _complaints.Start();
        new Thread(() => ReadReports(output, report), StackBytes) { IsBackground = true, Name = $"runner {Id}: reports" }.Start();
    }

    /// <summary>Number of the process.</summary>
    public int Id { get; }

    /// <summary>The last lines that it wrote to standard error, as one text.</summary>
    public string LastWords => _recent.ToString();

    /// <summary>Starts a runner.</summary>
    /// <param name="program">What to run.</param>
    /// <param name="model">Path of the model.</param>
    /// <param name="start">What to tell it.</param>
    /// <param name="report">Gets what it reports, and null when it can report no more. Called on one thread.</param>
    /// <param name="log">Gets each line of its standard error.</param>
    /// <exception cref="TextEngineException">It can't be started.</exception>
    public static RunnerProcess Start(RunnerProgram program, string model, RunnerStart start, Action<RunnerReport?> report, Action<string> log)
    {
        try
        {
            Process process = Process.Start(program.StartInfo(model))!;
            RunnerProcess runner = new(process, report, log);
            runner.Tell(JsonSerializer.Serialize(start, RunnerJson.Lines.RunnerStart));
            return runner;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException)
        {
            throw new TextEngineException(
                TextEngineErrorKind.Internal, $"the model runner could not be started ({exception.Message}): free memory and processes, then send the request again", exception);
        }
    }

    /// <summary>Asks it to end, by ending its standard input.</summary>
    public void AskToEnd()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    /// <summary>Ends it by force, which works on a stopped process too.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            // It has ended already.
        }
    }

    /// <summary>Waits until it has ended and the system has forgotten it, and its last words are read.</summary>
    /// <param name="limit">Longest wait.</param>
    /// <returns>The exit code, 128 and the signal's number if a signal ended it; null if it runs still.</returns>
    public async Task<int?> WaitAsync(TimeSpan limit)
    {
        using CancellationTokenSource late = new(limit);
        try
        {
            await _process.WaitForExitAsync(late.Token).ConfigureAwait(false);
            _complaints.Join(limit);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Closes the pipes; a runner that still runs ends by that.</summary>
    public void Dispose()
    {
        AskToEnd();
        _process.Dispose();
    }

    private void Tell(string line)
    {
        try
        {
            Stream input = _process.StandardInput.BaseStream;
            input.Write(Encoding.UTF8.GetBytes(line + "\n"));
            input.Flush();
        }
        catch (IOException)
        {
            // It has ended already, which its reports tell too, and its complaints say why.
        }
    }

    private void ReadComplaints(StreamReader errors, Action<string> log)
    {
        foreach (string line in Lines(errors))
        {
            _recent.Add(line);
            log($"runner {Id}: {line}");
        }
    }

    private static void ReadReports(StreamReader output, Action<RunnerReport?> report)
    {
        foreach (string line in Lines(output))
        {
            try
            {
                report(JsonSerializer.Deserialize(line, RunnerJson.Lines.RunnerReport));
            }
            catch (JsonException)
            {
                break; // Whatever this is, it is no runner that this server knows.
            }
        }
        report(null);
    }

    /// <summary>The lines of a pipe until it ends; it is closed then.</summary>
    private static IEnumerable<string> Lines(StreamReader pipe)
    {
        using StreamReader reader = pipe;
        while (true)
        {
            string? line;
            try
            {
                line = reader.ReadLine();
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                line = null;
            }
            if (line is null)
            {
                yield break;
            }
            yield return line;
        }
    }
}
