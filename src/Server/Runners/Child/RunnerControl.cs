using System.Diagnostics;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Runners.Child;

/// <summary>
/// The runner's ties to its server, each on a thread of its own, so that they hold while the engine computes or hangs: signs of life go out, and the
/// process ends when its standard input does, as it does when the server ends, however it ends.
/// </summary>
internal sealed class RunnerControl
{
    private readonly Lock _lock = new();
    private readonly TextReader _input;
    private readonly TextWriter _output;
    private ITextEngine? _engine;
    private ModelDescription? _described;      // guarded by _lock

    private RunnerControl(TextReader input, TextWriter output)
    {
        _input = input;
        _output = output;
    }

    /// <summary>Starts both threads.</summary>
    /// <param name="input">Standard input, after its first line.</param>
    /// <param name="output">Standard output, for reports and nothing else.</param>
    public static RunnerControl Start(TextReader input, TextWriter output)
    {
        RunnerControl control = new(input, output);
        control.Report(new RunnerReport { Protocol = RunnerProtocol.Version });
        new Thread(control.WaitForEnd) { IsBackground = true, Name = "runner: end of input" }.Start();
        new Thread(control.Beat) { IsBackground = true, Name = "runner: signs of life" }.Start();
        return control;
    }

    /// <summary>Says that the model is loaded; its status goes with every sign of life from now on.</summary>
    public void Loaded(ITextEngine engine)
    {
        Describe(engine);
        Volatile.Write(ref _engine, engine);
    }

    /// <summary>Says why there is no model.</summary>
    public void Failed(RunnerError error) => Report(new RunnerReport { Error = error });

    private void Beat()
    {
        while (true)
        {
            if (Volatile.Read(ref _engine) is { } engine)
            {
                Describe(engine);
                Report(new RunnerReport { Status = engine.Status });
            }
            else
            {
                Report(new RunnerReport());
            }
            Thread.Sleep(RunnerProtocol.Heartbeat);
        }
    }

    private void Describe(ITextEngine engine)
    {
        lock (_lock)
        {
            ModelDescription description = engine.Description;
            if (description != _described)
            {
                _described = description;
                Report(new RunnerReport { Description = description });
            }
        }
    }

    private void Report(RunnerReport report)
    {
        string line = JsonSerializer.Serialize(report, RunnerJson.Lines.RunnerReport) + "\n";
        try
        {
            lock (_lock)
            {
                _output.Write(line);
                _output.Flush();
            }
        }
        catch (IOException)
        {
            End(); // Nobody reads any more.
        }
    }

    private void WaitForEnd()
    {
        try
        {
            while (_input.Read() >= 0)
            {
            }
        }
        catch (IOException)
        {
        }
        End();
    }

    /// <summary>
    /// Ends the process at once. There is nothing to put in order, and an orderly exit would wait for, or run beside, threads that compute.
    /// </summary>
    private static void End() => Process.GetCurrentProcess().Kill();
}
