using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

/// <summary>Both selections against sorting everything.</summary>
public class SelectionTests
{
    [Fact]
    public void TopKEqualsSorting()
    {
        Random random = new(5);
        for (int round = 0; round < 500; round++)
        {
            // Few distinct values: ties everywhere.
            float[] logits = [.. Enumerable.Range(0, random.Next(1, 80)).Select(_ => random.Next(12) == 0 ? float.NegativeInfinity : random.Next(15))];
            int k = random.Next(0, 90);
            Candidate[] top = new Candidate[k];
            int count = TopKSelection.Select(logits, top);
            int[] expected = [.. Enumerable.Range(0, logits.Length).Where(t => float.IsFinite(logits[t])).OrderByDescending(t => logits[t]).Take(k)];
            Assert.Equal(expected, top.Take(count).Select(c => c.Token));
            Assert.Equal(expected.Select(t => logits[t]), top.Take(count).Select(c => c.Logit));
        }
    }

    [Fact]
    public void MassEqualsSorting()
    {
        Random random = new(6);
        for (int round = 0; round < 2000; round++)
        {
            // Weights are multiples of 1/8, so that sums are exact in every order and the border is the border.
            Candidate[] candidates = [.. Enumerable.Range(0, random.Next(1, 60)).Select(t => new Candidate(t, random.Next(20)) { Weight = random.Next(9) / 8.0 })];
            double mass = random.NextDouble() * candidates.Sum(c => c.Weight) * 1.1;
            if (round % 2 == 0)
            {
                mass = Math.Round(mass * 8) / 8;
            }
            random.Shuffle(candidates);
            Check(candidates, mass, default(ByLikelihood), candidates.OrderByDescending(c => c.Logit).ThenBy(c => c.Token));
            double expected = random.NextDouble() * 20;
            Check(candidates, mass, new ByTypicality(expected), candidates.OrderBy(c => Math.Abs(c.Logit - expected)).ThenBy(c => c.Token));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void MassOfManySortedCandidatesIsQuick(bool ascending)
    {
        Candidate[] candidates = [.. Enumerable.Range(0, 150_000).Select(t => new Candidate(t, ascending ? t : -t) { Weight = 1 })];
        Assert.Equal(100_000, MassSelection.Keep(candidates, 100_000, default(ByLikelihood)));
        Assert.All(candidates.Take(100_000), c => Assert.True(ascending ? c.Token >= 50_000 : c.Token < 100_000));
    }

    private static void Check<TOrder>(Candidate[] candidates, double mass, TOrder order, IEnumerable<Candidate> sorted)
        where TOrder : struct, ICandidateOrder
    {
        List<int> expected = [];
        double sum = 0;
        foreach (Candidate candidate in sorted.ToArray())
        {
            expected.Add(candidate.Token);
            sum += candidate.Weight;
            if (sum >= mass)
            {
                break;
            }
        }
        int kept = MassSelection.Keep(candidates, mass, order);
        Assert.Equal(expected.Order(), candidates.Take(kept).Select(c => c.Token).Order());
    }
}
