using System.Diagnostics;

namespace LocalLlm.Peers.Workers;

/// <summary>The other end of a <see cref="Worker"/>.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Stopwatch _sinceStart = Stopwatch.StartNew();

    /// <summary>Starts a worker; it answers by itself when it is ready, unless it only reads or embeds.</summary>
    /// <param name="settings">What to start it with.</param>
    /// <param name="kind">Which worker: <c>worker</c>, or <c>embed-worker</c>.</param>
    public WorkerProcess(WorkerSettings settings, string kind = "worker")
    {
        Settings = settings;
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "LocalLlm.Peers"), [kind, Message.Write(settings)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
    }

    /// <summary>What it was started with.</summary>
    public WorkerSettings Settings { get; }

    /// <summary>Processor time that it has used so far.</summary>
    public double CpuSeconds => ProcessTree.CpuSeconds(_process.Id);

    /// <summary>Gives an order and waits for the answer.</summary>
    public WorkerSample Do(WorkerOrder order) => Do<WorkerOrder, WorkerSample>(order);

    /// <summary>Gives an order of any kind that the worker knows and waits for the answer.</summary>
    public TAnswer Do<TOrder, TAnswer>(TOrder order)
    {
        _process.StandardInput.WriteLine(Message.Write(order));
        _process.StandardInput.Flush();
        return Next<TAnswer>();
    }

    /// <summary>Waits for an answer.</summary>
    /// <param name="sinceStart">Time since the process was asked for.</param>
    public WorkerSample Next(out TimeSpan sinceStart)
    {
        WorkerSample answer = Next<WorkerSample>();
        sinceStart = _sinceStart.Elapsed;
        return answer;
    }

    /// <summary>Ends the process.</summary>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(5000))
            {
                _process.Kill();
                _process.WaitForExit();
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // It has ended already.
        }
        _process.Dispose();
    }

    private TAnswer Next<TAnswer>()
    {
        string? line = _process.StandardOutput.ReadLine();
        return line is null
            ? throw new InvalidOperationException($"The worker of {Settings.Engine} for '{Settings.Model}' ended without an answer; what it said stands above.")
            : Message.Read<TAnswer>(line);
    }
}
