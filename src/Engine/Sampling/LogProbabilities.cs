using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace LocalLlm.Engine.Sampling;

/// <summary>A token and its log-probability.</summary>
/// <param name="Token">Token id.</param>
/// <param name="LogProbability">Natural logarithm of its probability: at most 0, -infinity for a masked token.</param>
public readonly record struct TokenScore(int Token, float LogProbability);

/// <summary>
/// What the model itself thought of its choice: the log-softmax of the raw logits, before bias, penalties and every other option. Made only for
/// requests that ask; keeps a copy of the logits, since <see cref="Sampler.Sample"/> changes them.
/// </summary>
public sealed class LogProbabilities
{
    /// <summary>Most tokens that can be reported beside the chosen one.</summary>
    public const int MaxTop = 20;

    private readonly float[] _logits;
    private readonly Candidate[] _best;
    private readonly TokenScore[] _top;
    private int _topCount;
    private double _logNormalizer;

    /// <summary>Makes room for one step.</summary>
    /// <param name="vocabularySize">Number of logits.</param>
    /// <param name="top">How many of the likeliest tokens to report, 0 to 20.</param>
    /// <exception cref="TextEngineException"><paramref name="top"/> is out of its range.</exception>
    public LogProbabilities(int vocabularySize, int top)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        if (top is < 0 or > MaxTop)
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidRequest, $"top_logprobs must be between 0 and {MaxTop}.");
        }
        _logits = new float[vocabularySize];
        _best = new Candidate[Math.Min(top, vocabularySize)];
        _top = new TokenScore[_best.Length];
    }

    /// <summary>The likeliest tokens of the last step, likeliest first (lower ids first among equals); masked ones are left out.</summary>
    public ReadOnlySpan<TokenScore> Top => _top.AsSpan(0, _topCount);

    /// <summary>Takes the logits of a step, before the sampler changes them.</summary>
    /// <param name="logits">One logit for each token.</param>
    /// <exception cref="TextEngineException"><see cref="TextEngineErrorKind.Internal"/>: a logit is NaN or +infinity, or all are -infinity.</exception>
    public void Observe(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        _logNormalizer = LogSumExp(_logits);
        _topCount = TopKSelection.Select(_logits, _best);
        for (int i = 0; i < _topCount; i++)
        {
            _top[i] = new TokenScore(_best[i].Token, Of(_best[i].Token));
        }
    }

    /// <summary>Log-probability of a token at the last step.</summary>
    /// <param name="token">A token of the vocabulary.</param>
    public float Of(int token) => (float)(_logits[token] - _logNormalizer);

    /// <summary>log(sum(exp(logit))) in float64, where 151,936 terms of at most 1 lose nothing that float32 could show.</summary>
    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        int likeliest = TensorPrimitives.IndexOfMax(logits); // NaN goes before everything
        float largest = logits[likeliest];
        if (float.IsNegativeInfinity(largest))
        {
            throw LogitGuard.AllMasked();
        }
        LogitGuard.RequireFinite(largest, likeliest);
        Vector256<double> sums = Vector256<double>.Zero;
        int i = 0;
        for (; i <= logits.Length - 4; i += 4)
        {
            Vector256<double> four = Vector256.Create((double)logits[i], logits[i + 1], logits[i + 2], logits[i + 3]);
            sums += PortableExp.Of(four - Vector256.Create((double)largest));
        }
        double sum = Vector256.Sum(sums);
        foreach (float logit in logits[i..])
        {
            sum += PortableExp.Of((double)logit - largest);
        }
        return largest + Math.Log(sum);
    }
}
