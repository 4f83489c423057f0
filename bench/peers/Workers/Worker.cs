using System.Diagnostics;
using System.Globalization;

namespace LocalLlm.Peers.Workers;

/// <summary>A process that computes with one engine as it is told, so that memory and start are the engine's alone.</summary>
internal static class Worker
{
    // Any fixed tokens do; these spread over the vocabulary, and below the special tokens at its end.
    private const uint TokenStep = 2654435761;

    /// <summary>Runs until the standard input ends.</summary>
    /// <param name="settings">What to load.</param>
    /// <param name="started">Timestamp of the program's first statement.</param>
    public static void Run(WorkerSettings settings, long started)
    {
        if (settings.Engine == "read")
        {
            Serve(settings.Engine, order => MappedReading.Measure(settings.Model, settings.Threads, order.Tokens));
            return;
        }
        using IBenchEngine engine = settings.Engine == "localllm" ? new OurEngine(settings) : new LlamaCppEngine(settings);
        int[] tokens = [.. Enumerable.Range(1, settings.Positions).Select(i => (int)((uint)i * TokenStep % (uint)(engine.VocabularySize * 9L / 10)))];
        if (settings.FirstTokenPrompt > 0)
        {
            int token = engine.Evaluate(tokens.AsSpan(0, settings.FirstTokenPrompt));
            Answer(new WorkerSample(settings.Engine, "first token", Stopwatch.GetElapsedTime(started).TotalMilliseconds) { Token = token, CacheBytes = engine.CacheBytes, Description = engine.Description });
            Console.In.ReadToEnd(); // alive until its processor time has been read
            return;
        }
        Answer(new WorkerSample(settings.Engine, "ready", Stopwatch.GetElapsedTime(started).TotalMilliseconds) { Description = engine.Description });
        Serve(settings.Engine, order => order.Work switch
        {
            "prefill" => Prefill(engine, tokens.AsSpan(0, order.Tokens)),
            "decode" => Decode(engine, tokens, order),
            _ => throw new ArgumentException($"There is no work '{order.Work}'."),
        });
    }

    private static void Serve(string engine, Func<WorkerOrder, WorkerSample> work)
    {
        while (Console.In.ReadLine() is { } line)
        {
            WorkerOrder order = Message.Read<WorkerOrder>(line);
            Answer(work(order) with { Engine = engine, Work = order.Work });
        }
    }

    private static WorkerSample Prefill(IBenchEngine engine, ReadOnlySpan<int> tokens)
    {
        engine.Truncate(0);
        long start = Stopwatch.GetTimestamp();
        int token = engine.Evaluate(tokens);
        return Sample(engine, start, token);
    }

    private static WorkerSample Decode(IBenchEngine engine, int[] tokens, WorkerOrder order)
    {
        engine.Truncate(order.Depth);
        int token = tokens[order.Depth];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < order.Tokens; i++)
        {
            token = engine.Evaluate([token]);
        }
        return Sample(engine, start, token);
    }

    private static WorkerSample Sample(IBenchEngine engine, long start, int token) =>
        new("", "", Stopwatch.GetElapsedTime(start).TotalMilliseconds) { Token = token, CacheBytes = engine.CacheBytes };

    private static void Answer(WorkerSample sample)
    {
        Console.Out.WriteLine(Message.Write(sample with { PeakBytes = PeakMemory() }));
        Console.Out.Flush();
    }

    /// <summary>VmHWM of this process in bytes; 0 where the system does not tell.</summary>
    private static long PeakMemory()
    {
        string? line = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null ? 0 : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
