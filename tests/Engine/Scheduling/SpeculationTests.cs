using LocalLlm.Engine.Scheduling;

namespace LocalLlm.Engine.Tests.Scheduling;

/// <summary>What is guessed, how far guesses are trusted, and when they are not worth it.</summary>
public sealed class SpeculationTests
{
    [Fact]
    public void WhatFollowedTheLongestMatchIsGuessed()
    {
        DraftLookup lookup = new();
        int[] tokens = [1, 2, 3, 4, 50, 51, 9, 3, 4, 60, 61, 7, 2, 3, 4];
        int[] guess = new int[2];
        Assert.Equal(3, lookup.Find(tokens, guess)); // 2 3 4 stood at the beginning; 3 4 alone later
        Assert.Equal([50, 51], guess);
        Assert.Equal(0, lookup.Find([.. tokens, 99], guess));
    }

    [Fact]
    public void AShortPeriodGoesOn()
    {
        int[] guess = new int[5];
        Assert.Equal(2, new DraftLookup().Find([7, 1, 2, 1, 2], guess));
        Assert.Equal([1, 2, 1, 2, 1], guess);
    }

    [Fact]
    public void TheTableKeepsUpWithTheTextAndAgreesWithASearch()
    {
        Random random = new(5);
        DraftLookup lookup = new();
        List<int> tokens = [];
        int[] guess = new int[1];
        for (int i = 0; i < 5000; i++)
        {
            tokens.Add(random.Next(40));
            int matched = lookup.Find([.. tokens], guess);
            if (matched == 0)
            {
                continue;
            }
            // Somewhere before, the last tokens stood and the guess followed.
            bool found = false;
            for (int at = matched - 1; at < tokens.Count - 1 && !found; at++)
            {
                found = tokens[at + 1] == guess[0] && Enumerable.Range(0, matched).All(j => tokens[at - j] == tokens[tokens.Count - 1 - j]);
            }
            Assert.True(found, $"{matched} tokens at {i}");
        }
    }

    [Fact]
    public void TrustFollowsWhatHappened()
    {
        DraftTrust trust = new();
        double before = trust.Chance(2);
        for (int i = 0; i < 50; i++)
        {
            trust.Learn(2, 4, 4);
            trust.Learn(20, 4, 0);
        }
        Assert.InRange(trust.Chance(2), before, 1);
        Assert.True(trust.Chance(2) > 0.9);
        Assert.True(trust.Chance(20) < 0.2);
        Assert.InRange(trust.Chance(5), 0.59, 0.61); // not tried, not touched
    }

    [Theory]
    [InlineData(0.95, 0.05, 8, 15)]
    [InlineData(0.05, 0.2, 0, 0)]
    [InlineData(0.5, 0.9, 0, 0)]
    public void GuessesMustPay(double chance, double slope, int least, int most)
    {
        StepCost cost = Learned(slope);
        Assert.InRange(DraftLength.Choose(chance, 15, 1, 1, cost), least, most);
    }

    [Fact]
    public void CostIsLearnedAsALine()
    {
        StepCost cost = Learned(0.1);
        Assert.InRange(cost.Decode(11) / cost.Decode(1), 1.9, 2.1);
        Assert.Equal(64, cost.PromptTokens(8, 8, 4, 64)); // nothing known of prompts
        cost.LearnPrompts(0, 500, 125);
        // 0.25 for each token of a long prompt, twice that for a piece; three more passes of one token of 10.
        Assert.InRange(cost.PromptTokens(1, 1, 4, 64), 55, 65);
        for (int i = 0; i < 50; i++)
        {
            cost.LearnPrompts(1, 60, 10 + 40);
        }
        Assert.InRange(cost.PromptTokens(1, 1, 4, 64), 40, 50); // they took 40, not 30
        for (int i = 0; i < 50; i++)
        {
            cost.LearnPrompts(1, 40 + (i % 3 * 20), 10 + 10 + ((40 + (i % 3 * 20)) * 0.5));
        }
        // 10 for having a piece, 0.5 for each token of it.
        Assert.InRange(cost.PromptTokens(1, 1, 4, 64), 36, 44);
    }

    private static StepCost Learned(double slope)
    {
        StepCost cost = new();
        for (int i = 0; i < 200; i++)
        {
            int tokens = 1 + (i % 8);
            cost.LearnDecode(tokens, 10 * (1 + (slope * (tokens - 1))));
        }
        return cost;
    }
}
