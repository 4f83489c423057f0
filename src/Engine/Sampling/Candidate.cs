namespace LocalLlm.Engine.Sampling;

/// <summary>A token that may still be drawn.</summary>
/// <param name="Token">Token id.</param>
/// <param name="Logit">Its logit after bias and penalties; finite.</param>
internal record struct Candidate(int Token, float Logit)
{
    /// <summary>Proportional to its probability among the candidates; 1 for the likeliest.</summary>
    public double Weight;
}

/// <summary>A total order of candidates: no two are equal, so that a selection never depends on the order in which they stand.</summary>
internal interface ICandidateOrder
{
    /// <summary>Whether <paramref name="a"/> comes before <paramref name="b"/>.</summary>
    bool Before(in Candidate a, in Candidate b);
}

/// <summary>Likeliest first; among equals the lower token id.</summary>
internal readonly struct ByLikelihood : ICandidateOrder
{
    /// <inheritdoc/>
    public bool Before(in Candidate a, in Candidate b) => a.Logit > b.Logit || (a.Logit == b.Logit && a.Token < b.Token);
}

/// <summary>
/// Most typical first: the least distance between a token's surprise and the entropy. With p = exp(logit - z), surprise - entropy =
/// (z - logit) - (z - E[logit]) = E[logit] - logit, so no logarithm is needed.
/// </summary>
/// <param name="expectedLogit">E[logit] under the candidates' probabilities.</param>
internal readonly struct ByTypicality(double expectedLogit) : ICandidateOrder
{
    /// <inheritdoc/>
    public bool Before(in Candidate a, in Candidate b)
    {
        double x = Math.Abs(expectedLogit - a.Logit), y = Math.Abs(expectedLogit - b.Logit);
        return x < y || (x == y && a.Token < b.Token);
    }
}
