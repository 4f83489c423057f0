using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

public class Xoshiro256Tests
{
    [Fact]
    public void GivesThePublishedSequence()
    {
        // The reference implementation's first outputs for the state 1, 2, 3, 4.
        Xoshiro256 random = new(1, 2, 3, 4);
        ulong[] expected = [11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625, 8476171486693032832, 10595114339597558777, 2904607092377533576];
        Assert.Equal(expected, expected.Select(_ => random.Next()));
    }

    [Fact]
    public void SeedsBySplitMix64()
    {
        ulong state = 1234567;
        ulong[] expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        Assert.Equal(expected, expected.Select(_ => Xoshiro256.SplitMix64(ref state)));

        Xoshiro256 seeded = new(1234567), stated = new(expected[0], expected[1], expected[2], expected[3]);
        Assert.Equal(stated.Next(), seeded.Next());
    }

    [Fact]
    public void NumbersAreUniformAndBelowOne()
    {
        Xoshiro256 random = new(0);
        int[] bins = new int[64];
        const int draws = 64_000;
        for (int i = 0; i < draws; i++)
        {
            double number = random.NextDouble();
            Assert.InRange(number, 0, 1 - double.Epsilon);
            bins[(int)(number * bins.Length)]++;
        }
        ChiSquare.AssertFits(bins, [.. bins.Select(_ => 1.0 / bins.Length)]);
    }
}
