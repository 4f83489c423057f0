using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>How batches are cut: every sequence once and in order, no slice too large, all threads as busy as whole sequences allow.</summary>
public sealed class EncoderSlicesTests
{
    private const int Most = 512;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    public void EverySequenceIsInOneSliceAndNoSliceIsTooLarge(int threads)
    {
        EncoderSlices slices = new();
        Random random = new(7);
        for (int round = 0; round < 200; round++)
        {
            int[] lengths = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => random.Next(1, random.Next(2, Most + 1)))];
            slices.Cut(lengths, Most, threads);
            int sequence = 0, token = 0;
            foreach (EncoderSlice slice in slices.All)
            {
                Assert.Equal((sequence, token), (slice.FirstSequence, slice.FirstToken));
                Assert.Equal(lengths.Skip(sequence).Take(slice.Sequences).Sum(), slice.Tokens);
                Assert.InRange(slice.Tokens, 1, Most);
                sequence += slice.Sequences;
                token += slice.Tokens;
            }
            Assert.Equal((lengths.Length, lengths.Sum()), (sequence, token));
            Assert.Equal(slices.All.Max(slice => slice.Tokens), slices.Largest);
        }
    }

    [Theory]
    [InlineData(64, 30, 1, 4)]
    [InlineData(64, 30, 2, 4)]
    [InlineData(16, 30, 2, 2)]
    [InlineData(16, 30, 1, 1)]
    [InlineData(64, 8, 4, 4)]
    [InlineData(4, 300, 2, 4)]
    [InlineData(2, 30, 2, 2)]
    [InlineData(1, 512, 2, 1)]
    public void SequencesOfOneLengthAreSharedEvenly(int count, int length, int threads, int expected)
    {
        EncoderSlices slices = new();
        slices.Cut([.. Enumerable.Repeat(length, count)], Most, threads);
        Assert.Equal(expected, slices.All.Count);
        Assert.InRange(slices.All.Max(slice => slice.Sequences) - slices.All.Min(slice => slice.Sequences), 0, 1);
    }

    [Fact]
    public void NothingGivesNoSlices()
    {
        EncoderSlices slices = new();
        slices.Cut([5], Most, 2);
        slices.Cut([], Most, 2);
        Assert.Empty(slices.All);
        Assert.Equal(0, slices.Largest);
    }
}
