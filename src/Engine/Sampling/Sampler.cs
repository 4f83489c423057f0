using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace LocalLlm.Engine.Sampling;

/// <summary>
/// Chooses the next token of one generation. The order is llama.cpp's and Ollama's: logit bias, penalties, top_k, typical_p, top_p, min_p, temperature, draw.
/// Each truncation sees the probabilities of the tokens that the one before left, renormalised, at temperature 1.
/// </summary>
/// <remarks>
/// Same options, seed and logits, same tokens, on every machine: <see cref="Xoshiro256"/> draws, <see cref="PortableExp"/> weighs, and sums run in one fixed order.
/// Memory is taken when the sampler is made; choosing a token takes none. Not for use by several threads.
/// </remarks>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly int _vocabularySize;
    private readonly (int Token, float Bias)[] _bias;
    private readonly PenaltyWindow? _penalties;
    private readonly Candidate[] _candidates; // top_k of them, or the whole vocabulary; none for a greedy sampler
    private Xoshiro256 _random;

    /// <summary>Makes the sampler of a generation.</summary>
    /// <param name="options">How to choose.</param>
    /// <param name="vocabularySize">Number of logits at each step.</param>
    /// <exception cref="TextEngineException"><see cref="TextEngineErrorKind.InvalidRequest"/>: an option is out of its range.</exception>
    public Sampler(SamplingOptions options, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        SamplingRanges.Check(options);
        _options = options;
        _vocabularySize = vocabularySize;
        // Clients send ids of other models' vocabularies (OpenAI's end token, say): a token that does not exist is banned already.
        _bias = [.. options.LogitBias.Where(pair => (uint)pair.Key < (uint)vocabularySize).Select(pair => (pair.Key, pair.Value))];
        _penalties = PenaltyWindow.IsNeeded(options) ? new PenaltyWindow(options, vocabularySize) : null;
        _candidates = options.Temperature == 0 ? [] : new Candidate[IsTopKOn ? options.TopK : vocabularySize];
        _random = new Xoshiro256((ulong)(options.Seed is { } seed and >= 0 ? seed : Random.Shared.NextInt64()));
    }

    private bool IsTopKOn => _options.TopK > 0 && _options.TopK < _vocabularySize;

    /// <summary>
    /// Counts a token for the penalties: every token of the prompt, in order, and then every token of the answer once it is chosen
    /// (<see cref="Sample"/> does not do it, since a caller may reject its choice).
    /// </summary>
    /// <param name="token">A token of the vocabulary.</param>
    public void Accept(int token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, _vocabularySize);
        _penalties?.Accept(token);
    }

    /// <summary>Chooses a token. At temperature 0 it is the likeliest one after bias and penalties, the lowest id among equals.</summary>
    /// <param name="logits">One logit for each token, -infinity for a token that must not be chosen; changed by bias and penalties.</param>
    /// <returns>The token's id; never one whose logit is -infinity.</returns>
    /// <exception cref="TextEngineException"><see cref="TextEngineErrorKind.Internal"/>: a logit is NaN or +infinity, or all are -infinity.</exception>
    public int Sample(Span<float> logits)
    {
        if (logits.Length != _vocabularySize)
        {
            throw new ArgumentException($"There are {logits.Length} logits, but the sampler was made for {_vocabularySize}.", nameof(logits));
        }
        foreach ((int token, float bias) in _bias)
        {
            logits[token] += bias;
        }
        _penalties?.Apply(logits);
        if (_options.Temperature == 0)
        {
            return Greedy(logits);
        }

        int count = IsTopKOn ? TopKSelection.Select(logits, _candidates) : GatherAll(logits, _candidates);
        if (count == 0)
        {
            throw LogitGuard.AllMasked();
        }
        return Draw(Truncate(_candidates.AsSpan(0, count)));
    }

    private static int Greedy(ReadOnlySpan<float> logits)
    {
        // The first of equals; NaN goes before everything, so that it is found here.
        int best = TensorPrimitives.IndexOfMax(logits);
        if (float.IsNegativeInfinity(logits[best]))
        {
            throw LogitGuard.AllMasked();
        }
        LogitGuard.RequireFinite(logits[best], best);
        return best;
    }

    private static int GatherAll(ReadOnlySpan<float> logits, Span<Candidate> candidates)
    {
        int count = 0;
        for (int token = 0; token < logits.Length; token++)
        {
            if (!float.IsNegativeInfinity(logits[token]))
            {
                LogitGuard.RequireFinite(logits[token], token);
                candidates[count++] = new Candidate(token, logits[token]);
            }
        }
        return count;
    }

    /// <summary>typical_p, top_p, min_p: returns the candidates that remain, at least one.</summary>
    private Span<Candidate> Truncate(Span<Candidate> candidates)
    {
        bool typical = _options.TypicalP < 1, nucleus = _options.TopP < 1, relative = _options.MinP > 0;
        if (!typical && !nucleus && !relative)
        {
            return candidates;
        }
        float largest = Largest(candidates);
        double total = Weigh(candidates, largest, 1);
        if (typical)
        {
            double expected = 0;
            foreach (ref readonly Candidate candidate in candidates)
            {
                expected += candidate.Weight * candidate.Logit;
            }
            candidates = candidates[..MassSelection.Keep(candidates, _options.TypicalP * total, new ByTypicality(expected / total))];
            total = Sum(candidates);
        }
        if (nucleus)
        {
            candidates = candidates[..MassSelection.Keep(candidates, _options.TopP * total, default(ByLikelihood))];
        }
        return relative ? KeepRelative(candidates) : candidates;
    }

    /// <summary>min_p: drops those whose probability is below its share of the largest one.</summary>
    private Span<Candidate> KeepRelative(Span<Candidate> candidates)
    {
        double threshold = 0;
        foreach (ref readonly Candidate candidate in candidates)
        {
            threshold = Math.Max(threshold, candidate.Weight * _options.MinP);
        }
        int kept = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].Weight >= threshold)
            {
                candidates[kept++] = candidates[i];
            }
        }
        return candidates[..kept];
    }

    private int Draw(Span<Candidate> candidates)
    {
        double total = Weigh(candidates, Largest(candidates), _options.Temperature);
        double target = _random.NextDouble() * total; // in [0, total)
        double reached = 0;
        int token = -1;
        foreach (ref readonly Candidate candidate in candidates)
        {
            if (candidate.Weight > 0)
            {
                // The last one that can be chosen stays chosen if rounding took the target up to the total.
                token = candidate.Token;
                reached += candidate.Weight;
                if (target < reached)
                {
                    break;
                }
            }
        }
        return token;
    }

    private static float Largest(ReadOnlySpan<Candidate> candidates)
    {
        float largest = float.NegativeInfinity;
        foreach (ref readonly Candidate candidate in candidates)
        {
            largest = MathF.Max(largest, candidate.Logit);
        }
        return largest;
    }

    /// <summary>Sets weights to exp((logit - largest) / temperature), 1 for the likeliest, and returns their sum.</summary>
    private static double Weigh(Span<Candidate> candidates, double largest, double temperature)
    {
        double total = 0;
        int i = 0;
        for (; i <= candidates.Length - 4; i += 4)
        {
            Span<Candidate> four = candidates.Slice(i, 4);
            Vector256<double> logits = Vector256.Create((double)four[0].Logit, four[1].Logit, four[2].Logit, four[3].Logit);
            Vector256<double> weights = PortableExp.Of((logits - Vector256.Create(largest)) / Vector256.Create(temperature));
            four[0].Weight = weights[0];
            four[1].Weight = weights[1];
            four[2].Weight = weights[2];
            four[3].Weight = weights[3];
            total += weights[0] + weights[1] + weights[2] + weights[3];
        }
        foreach (ref Candidate candidate in candidates[i..])
        {
            candidate.Weight = PortableExp.Of((candidate.Logit - largest) / temperature);
            total += candidate.Weight;
        }
        return total;
    }

    private static double Sum(ReadOnlySpan<Candidate> candidates)
    {
        double total = 0;
        foreach (ref readonly Candidate candidate in candidates)
        {
            total += candidate.Weight;
        }
        return total;
    }
}
