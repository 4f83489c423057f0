using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

/// <summary>The sampler's law in its plainest form: sorted lists, one option after the other, the exact probability of every token.</summary>
internal static class SamplerOracle
{
    /// <summary>Logits after bias and penalties.</summary>
    public static double[] Adjust(IReadOnlyList<float> logits, SamplingOptions options, IReadOnlyList<int> history)
    {
        double[] adjusted = [.. logits.Select(x => (double)x)];
        foreach ((int token, float bias) in options.LogitBias)
        {
            adjusted[token] += bias;
        }
        IEnumerable<int> window = options.RepeatLastN < 0 ? history : history.Skip(history.Count - options.RepeatLastN);
        foreach (IGrouping<int, int> seen in window.GroupBy(token => token))
        {
            double logit = adjusted[seen.Key];
            logit = logit < 0 ? logit * options.RepeatPenalty : logit / options.RepeatPenalty;
            adjusted[seen.Key] = logit - (seen.Count() * options.FrequencyPenalty) - options.PresencePenalty;
        }
        return adjusted;
    }

    /// <summary>Probability of each token that can be drawn.</summary>
    public static Dictionary<int, double> Distribution(IReadOnlyList<float> logits, SamplingOptions options, IReadOnlyList<int> history)
    {
        double[] adjusted = Adjust(logits, options, history);
        List<int> tokens = [.. Enumerable.Range(0, adjusted.Length).Where(t => adjusted[t] > double.NegativeInfinity).OrderByDescending(t => adjusted[t])];
        if (options.TopK > 0)
        {
            tokens = [.. tokens.Take(options.TopK)];
        }
        if (options.TypicalP < 1)
        {
            Dictionary<int, double> p = Softmax(tokens, adjusted, 1);
            double entropy = -p.Values.Sum(x => x * Math.Log(x));
            tokens = Reach([.. tokens.OrderBy(t => Math.Abs(-Math.Log(p[t]) - entropy))], p, options.TypicalP);
        }
        if (options.TopP < 1)
        {
            tokens = Reach([.. tokens.OrderByDescending(t => adjusted[t])], Softmax(tokens, adjusted, 1), options.TopP);
        }
        if (options.MinP > 0)
        {
            Dictionary<int, double> p = Softmax(tokens, adjusted, 1);
            double largest = p.Values.Max();
            tokens = [.. tokens.Where(t => p[t] >= options.MinP * largest)];
        }
        return Softmax(tokens, adjusted, options.Temperature);
    }

    private static Dictionary<int, double> Softmax(List<int> tokens, double[] logits, double temperature)
    {
        double sum = tokens.Sum(t => Math.Exp((logits[t] - logits.Max()) / temperature));
        return tokens.ToDictionary(t => t, t => Math.Exp((logits[t] - logits.Max()) / temperature) / sum);
    }

    private static List<int> Reach(List<int> ordered, Dictionary<int, double> p, double mass)
    {
        List<int> kept = [];
        foreach (int token in ordered)
        {
            kept.Add(token);
            if (kept.Sum(t => p[t]) >= mass)
            {
                break;
            }
        }
        return kept;
    }
}
