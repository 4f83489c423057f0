using System.Numerics.Tensors;
using LocalLlm.Peers.Embeddings.Results;
using LocalLlm.Peers.Workers;

namespace LocalLlm.Peers.Embeddings;

/// <summary>
/// Measures rows: llama.cpp, and our engine with two files, in the process and over HTTP, take turns, each turn in another order, so that a drift of
/// the machine meets all of them.
/// </summary>
internal sealed class EmbedMeasurement : IDisposable
{
    private const int TakesPerSample = 3;
    private const int VectorsCompared = 8;
    private const double LeastCosine = 0.999;

    private readonly EmbedOptions _options;
    private readonly Disturbance _disturbance;
    private readonly EnglishTexts _texts;
    private readonly List<Contender> _contenders = [];

    /// <summary>Starts the engines.</summary>
    public EmbedMeasurement(EmbedOptions options)
    {
        _options = options;
        _disturbance = new Disturbance(options.Patience);
        _texts = new EnglishTexts(options.Q8);
        WorkerSettings ours = new("localllm", options.Q8, options.Threads, 0) { Simd = options.Simd };
        try
        {
            _contenders.Add(new("llama.cpp", "F16", new WorkerSide(new WorkerSettings("llama.cpp", options.F16, options.Threads, 0) { Library = options.Library })));
            _contenders.Add(new("in process", "Q8_0", new WorkerSide(ours)));
            _contenders.Add(new("in process", "F16", new WorkerSide(ours with { Model = options.F16 })));
            _contenders.Add(new("HTTP", "Q8_0", new ServerSide(options.Q8, options)));
            _contenders.Add(new("HTTP", "F16", new ServerSide(options.F16, options)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Measures one row; a line for each of our sides.</summary>
    /// <exception cref="InvalidOperationException">The engines do not give the same vectors.</exception>
    public IReadOnlyList<EmbedResult> Measure(EmbedRow row)
    {
        string[] texts = _texts.Make(row.Texts, row.Tokens, row.Spread);
        _contenders.ForEach(contender => contender.Prepare(texts, row.Load));
        RequireAgreement();
        for (int round = 0; round < _options.Samples; round++)
        {
            for (int turn = 0; turn < _contenders.Count; turn++)
            {
                TakeOne(_contenders[(round + turn) % _contenders.Count]);
            }
        }
        return [.. _contenders.Skip(1).Select(ours => EmbedResult.Of(row, ours, _contenders[0], _options))];
    }

    /// <inheritdoc/>
    public void Dispose() => _contenders.ForEach(contender => contender.Side.Dispose());

    private void TakeOne(Contender contender)
    {
        (double milliseconds, bool disturbed) = _disturbance.Take(TakesPerSample, () =>
        {
            Settling.Wait(CpuSeconds);
            double before = CpuSeconds();
            double taken = contender.Side.Run();
            return (taken, CpuSeconds() - before);
        });
        contender.Add(milliseconds, disturbed);
    }

    private double CpuSeconds() => _contenders.Sum(contender => contender.Side.CpuSeconds);

    /// <summary>Speeds compare only where the work is the same.</summary>
    private void RequireAgreement()
    {
        float[][] expected = _contenders[0].Side.Vectors(VectorsCompared);
        foreach (Contender ours in _contenders.Skip(1))
        {
            if (ours.Tokens != _contenders[0].Tokens)
            {
                throw new InvalidOperationException($"The same texts are {ours.Tokens} tokens for {ours.Description} and {_contenders[0].Tokens} for {_contenders[0].Description}.");
            }
            float least = ours.Side.Vectors(VectorsCompared).Zip(expected, (a, b) => TensorPrimitives.CosineSimilarity(a, b)).Min();
            if (!(least > LeastCosine))
            {
                throw new InvalidOperationException(FormattableString.Invariant($"Vectors of {ours.Description} ({ours.Format}) and {_contenders[0].Description} differ: cosine {least:0.00000}."));
            }
        }
    }
}
