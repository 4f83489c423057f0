using LocalLlm.Peers.Results;
using LocalLlm.Peers.Rows;
using LocalLlm.Peers.Workers;

namespace LocalLlm.Peers;

/// <summary>Measures rows: both engines alternate, first one, then the other, then in the other order, so that a drift of the machine meets both.</summary>
internal sealed class RowMeasurement
{
    private const int TakesPerSample = 4;
    private const int ReadingPasses = 5;
    private const long MemoryBesideModel = 200_000_000;

    private readonly PeersOptions _options;
    private readonly Disturbance _disturbance;
    private readonly Dictionary<string, double> _readingRates = [];

    /// <summary>Prepares.</summary>
    public RowMeasurement(PeersOptions options)
    {
        _options = options;
        _disturbance = new Disturbance(options.Patience);
    }

    /// <summary>Measures one row.</summary>
    public RowResult Measure(BenchRow row)
    {
        string path = row.Model.Ensure(_options.Root, _options.ModelFolder);
        double rate = ReadingRate(path); // brings the file into the page cache too
        WorkerSettings ours = new("localllm", path, _options.Threads, row.Positions) { Simd = _options.Simd };
        WorkerSettings peer = new("llama.cpp", path, _options.Threads, row.Positions) { Library = _options.Library, Tuning = Tuning(row) };
        (Samples a, Samples b) = row.Work == Work.FirstToken ? FirstTokens(row, ours, peer) : Alternate(row, ours, peer);
        return Result(row, path, rate, a, b);
    }

    /// <summary>
    /// What serves llama.cpp best, as tried: its defaults, but rearranging the weights, which makes prefill of K-quants 1.6 times as fast, would delay
    /// the first token, and deep in the cache a single token is evaluated 1.5 times as fast without flash attention, which prefill is not.
    /// </summary>
    private static PeerTuning Tuning(BenchRow row) => new() { Repack = row.Work != Work.FirstToken, FlashAttention = row.Depth > 0 ? 0 : -1 };

    private (Samples Ours, Samples Peer) Alternate(BenchRow row, WorkerSettings ours, WorkerSettings peer)
    {
        using WorkerProcess a = new(ours);
        Samples first = new(a.Next(out _).Description!);
        using WorkerProcess b = new(peer);
        Samples second = new(b.Next(out _).Description!);
        WarmUp(row, a);
        WarmUp(row, b);
        for (int i = 0; i < _options.Samples; i++)
        {
            TakeOne(row, i % 2 == 0 ? a : b, i % 2 == 0 ? first : second, a, b);
            TakeOne(row, i % 2 == 0 ? b : a, i % 2 == 0 ? second : first, a, b);
        }
        return (first, second);
    }

    private static void WarmUp(BenchRow row, WorkerProcess worker)
    {
        const int prompt = 128, steps = 8;
        worker.Do(new WorkerOrder("prefill", Math.Max(row.Depth, Math.Min(prompt, row.Tokens)), 0)); // fills the depth, once for the row
        if (row.Work == Work.Decode)
        {
            worker.Do(new WorkerOrder("decode", steps, row.Depth));
        }
    }

    private void TakeOne(BenchRow row, WorkerProcess worker, Samples samples, params ReadOnlySpan<WorkerProcess> all)
    {
        WorkerProcess[] workers = all.ToArray();
        WorkerOrder order = new(row.Work == Work.Prefill ? "prefill" : "decode", row.Tokens, row.Depth);
        (WorkerSample sample, bool disturbed) = _disturbance.Take(TakesPerSample, () =>
        {
            Settling.Wait(() => workers.Sum(process => process.CpuSeconds));
            double before = workers.Sum(process => process.CpuSeconds);
            WorkerSample taken = worker.Do(order);
            return (taken, workers.Sum(process => process.CpuSeconds) - before);
        });
        samples.Add(row.Tokens * 1000 / sample.Milliseconds, sample, disturbed);
    }

    private (Samples Ours, Samples Peer) FirstTokens(BenchRow row, WorkerSettings ours, WorkerSettings peer)
    {
        Samples a = new(""), b = new("");
        for (int i = 0; i < _options.Samples; i++)
        {
            TakeFirstToken(i % 2 == 0 ? ours : peer, i % 2 == 0 ? a : b, row.Tokens);
            TakeFirstToken(i % 2 == 0 ? peer : ours, i % 2 == 0 ? b : a, row.Tokens);
        }
        return (a, b);
    }

    private void TakeFirstToken(WorkerSettings settings, Samples samples, int prompt)
    {
        ((WorkerSample Answer, TimeSpan SinceStart) taken, bool disturbed) = _disturbance.Take(TakesPerSample, () =>
        {
            using WorkerProcess worker = new(settings with { FirstTokenPrompt = prompt });
            WorkerSample answer = worker.Next(out TimeSpan sinceStart);
            return ((answer, sinceStart), worker.CpuSeconds);
        });

        // The peer's own programs have no .NET runtime to start, so its time begins with the worker's first statement.
        bool ours = settings.Engine == "localllm";
        samples.Add(ours ? taken.SinceStart.TotalMilliseconds : taken.Answer.Milliseconds, taken.Answer, disturbed);
    }

    private double ReadingRate(string path)
    {
        if (!_readingRates.TryGetValue(path, out double rate))
        {
            using WorkerProcess reader = new(new WorkerSettings("read", path, _options.Threads, 0));
            rate = new FileInfo(path).Length * 1000.0 / reader.Do(new WorkerOrder("read", ReadingPasses, 0)).Milliseconds;
            _readingRates.Add(path, rate);
        }
        return rate;
    }

    private RowResult Result(BenchRow row, string path, double rate, Samples ours, Samples peer)
    {
        EngineResult a = ours.Result(), b = peer.Result();
        double ratio = row.Work == Work.FirstToken ? b.Median / a.Median : a.Median / b.Median;
        BoundResult? bound = null;
        if (row.Work == Work.Decode)
        {
            long bytes = BenchModel.BytesPerToken(path, row.Depth + row.Tokens / 2.0);
            bound = new BoundResult(bytes, rate, a.Median * bytes / rate, b.Median * bytes / rate);
        }
        return new RowResult
        {
            Name = row.Name,
            Unit = row.Unit,
            Target = row.Target.ToString(),
            Met = row.Target.IsMet(ratio, bound?.Share),
            Ratio = ratio,
            LocalLlm = a,
            Peer = b,
            Bound = bound,
            MemoryLimit = new FileInfo(path).Length + ours.CacheBytes + MemoryBesideModel,
            Disturbed = ours.Disturbed + peer.Disturbed,
            Commit = _options.Commit,
            Threads = _options.Threads,
            Date = DateTime.UtcNow,
        };
    }

    private sealed class Samples(string description)
    {
        private readonly List<double> _values = [];
        private string _description = description;
        private long _peak;

        public int Disturbed { get; private set; }

        public long CacheBytes { get; private set; }

        public void Add(double value, WorkerSample sample, bool disturbed)
        {
            _values.Add(value);
            _peak = Math.Max(_peak, sample.PeakBytes);
            _description = sample.Description ?? _description;
            CacheBytes = sample.CacheBytes;
            Disturbed += disturbed ? 1 : 0;
        }

        public EngineResult Result() => new(_description, [.. _values.Select(value => Math.Round(value, 3))], _peak);
    }
}
