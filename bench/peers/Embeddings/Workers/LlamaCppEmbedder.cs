using System.Diagnostics;
using LocalLlm.Peers.Workers;

namespace LocalLlm.Peers.Embeddings.Workers;

/// <summary>
/// llama.cpp through its C API. What is measured begins with tokens and ends with pooled vectors copied out, so that neither its tokenizer nor scaling
/// the vectors counts. For every row it tries how many sequences a call and which attention serve it best.
/// </summary>
internal sealed class LlamaCppEmbedder : IBenchEmbedder
{
    private const int MostSequences = 64;

    // Within a call every token is compared with every other, of whatever sequence: beyond this packing only costs.
    private const int MostTokens = 2560;
    private const int Finalists = 3;
    private const int FinalRounds = 2;
    private const double ClearlySlower = 0.8;
    private static readonly TimeSpan TrialTime = TimeSpan.FromMilliseconds(350);

    private readonly LlamaLibrary _library;
    private readonly nint _model;
    private readonly int _threads;
    private readonly string _name;
    private int[][] _sequences = [];
    private PeerTuning _tuning = new();
    private LlamaEncoder? _encoder;

    /// <summary>Loads a model.</summary>
    public LlamaCppEmbedder(WorkerSettings settings)
    {
        _library = LlamaLibrary.Load(settings.Library!);
        _model = _library.LoadModel(settings.Model, settings.Tuning.Repack);
        _threads = settings.Threads;
        _name = $"llama.cpp {_library.Version}, {LlamaLibrary.Variant()}: threads {settings.Threads}";
    }

    /// <inheritdoc/>
    public string Description => $"{_name}, {_tuning}";

    /// <inheritdoc/>
    public int Prepare(string[] texts, EmbedLoad load)
    {
        _encoder?.Dispose();
        _sequences = [.. texts.Select(text => LlamaEncoder.Tokenize(_library, _model, text))];
        _tuning = Best(Math.Min(MostSequences, load.Waiting(texts.Length)));
        _encoder = new LlamaEncoder(_library, _model, _tuning, _threads);
        EmbedAll(_encoder, _tuning.Sequences, TrialTime);
        return _sequences.Sum(tokens => tokens.Length);
    }

    /// <inheritdoc/>
    public void Run() => EmbedAll(_encoder!, _tuning.Sequences, TimeSpan.MaxValue);

    /// <inheritdoc/>
    public float[][] Vectors(int count)
    {
        List<float[]> vectors = [];
        foreach (int[][] call in _sequences[..count].Chunk(_tuning.Sequences))
        {
            float[] all = new float[call.Length * _encoder!.Width];
            _encoder.Embed(call, all);
            vectors.AddRange(all.Chunk(_encoder.Width));
        }
        return [.. vectors];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoder?.Dispose();
        _library.FreeModel(_model);
    }

    /// <summary>Embeds the texts call after call, one at least, until all are done or the time is up; gives tokens per second.</summary>
    private double EmbedAll(LlamaEncoder encoder, int perCall, TimeSpan time)
    {
        float[] vectors = new float[perCall * encoder.Width];
        int tokens = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i == 0 || (i < _sequences.Length && Stopwatch.GetElapsedTime(start) < time); i += perCall)
        {
            ReadOnlySpan<int[]> call = _sequences.AsSpan(i, Math.Min(perCall, _sequences.Length - i));
            encoder.Embed(call, vectors);
            foreach (int[] sequence in call)
            {
                tokens += sequence.Length;
            }
        }
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The fastest of the packings that the load allows: all are tried, larger ones until they have become clearly slower, and the best again.</summary>
    private PeerTuning Best(int mostSequences)
    {
        Dictionary<PeerTuning, double> rates = [];
        foreach (PeerTuning candidate in Candidates(mostSequences))
        {
            rates[candidate] = Try(candidate);
            if (rates[candidate] < ClearlySlower * rates.Values.Max() && candidate.FlashAttention == 0)
            {
                break;
            }
        }
        PeerTuning[] final = [.. rates.OrderByDescending(pair => pair.Value).Take(Finalists).Select(pair => pair.Key)];
        for (int round = 0; round < FinalRounds; round++)
        {
            foreach (PeerTuning candidate in final)
            {
                rates[candidate] = Math.Max(rates[candidate], Try(candidate));
            }
        }
        return rates.MaxBy(pair => pair.Value).Key;
    }

    private double Try(PeerTuning tuning)
    {
        using LlamaEncoder encoder = new(_library, _model, tuning, _threads);
        EmbedAll(encoder, tuning.Sequences, TimeSpan.Zero);
        return EmbedAll(encoder, tuning.Sequences, TrialTime);
    }

    private IEnumerable<PeerTuning> Candidates(int mostSequences)
    {
        for (int sequences = 1; sequences <= mostSequences; sequences *= 2)
        {
            int tokens = _sequences.Chunk(sequences).Max(call => call.Sum(sequence => sequence.Length));
            if (tokens > MostTokens)
            {
                yield break;
            }
            foreach (int attention in (int[])[-1, 0])
            {
                yield return new PeerTuning { Sequences = sequences, MicroBatch = tokens, FlashAttention = attention };
            }
        }
    }
}
