using LocalLlm.Engine.Encoders;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>Which texts go into a pass: like lengths together, short ones of others at once, and everyone's turn comes.</summary>
public sealed class EncoderBatchTests
{
    private const int Budget = 512, Longest = 512, Share = Budget / 4;

    private readonly LinkedList<EncoderRequest> _line = new();
    private readonly EncoderBatch _batch = new(Budget, Longest);

    [Fact]
    public void APassHoldsTextsOfLikeLength()
    {
        int[] lengths = [.. Enumerable.Repeat(16, 320), .. Enumerable.Repeat(64, 80), .. Enumerable.Repeat(128, 40), .. Enumerable.Repeat(512, 10)];
        new Random(3).Shuffle(lengths);
        EncoderRequest request = Add(lengths);
        List<int[]> passes = [.. Passes()];
        Assert.All(passes, pass => Assert.Single(pass.Distinct()));
        Assert.All(passes, pass => Assert.Equal(Budget, pass.Sum()));
        Assert.Equal(40, passes.Count);
        Assert.False(request.HasMore);
    }

    [Fact]
    public void RandomLengthsFillPassesWithTheClosest()
    {
        Random random = new(5);
        int[] lengths = [.. Enumerable.Range(0, 1000).Select(_ => random.Next(2, Longest + 1))];
        Add(lengths);
        List<int[]> passes = [.. Passes()];
        Assert.Equal(lengths.Order(), passes.SelectMany(pass => pass).Order());
        Assert.All(passes, pass => Assert.InRange(pass.Sum(), 1, EncoderBatch.Capacity(Budget, Longest)));
        // Best fit, the longest first, wastes little.
        Assert.InRange(passes.Count, lengths.Sum() / (Budget + Share), lengths.Sum() / Budget * 1.05);
        Assert.All(passes, pass => Assert.Equal(pass.Max(), pass[0]));
    }

    [Fact]
    public void RequestsShareAPassByLength()
    {
        EncoderRequest words = Add([.. Enumerable.Repeat(8, 100)]), lines = Add([.. Enumerable.Repeat(32, 100)]), more = Add([.. Enumerable.Repeat(32, 100)]);
        Fill();
        Assert.Equal((56, 1, 1), (Count(words), Count(lines), Count(more)));
        Fill();
        Assert.Equal((4, 15), (Count(words), Count(lines) + Count(more)));
        Assert.True(Count(lines) > 0 && Count(more) > 0);
    }

    [Fact]
    public void AShortTextIsInTheNextPassWhoeverElseWaits()
    {
        EncoderRequest longs = Add([.. Enumerable.Repeat(Longest, 10_000)]), mixed = Add([.. Enumerable.Range(0, 1000).Select(i => 2 + (i % 500))]);
        for (int i = 0; i < 50; i++)
        {
            Fill();
            EncoderRequest one = Add(30);
            Fill();
            Assert.Equal(1, Count(one));
            Assert.False(one.HasMore);
            Assert.Equal(2, _line.Count);
        }
        Assert.True(longs.LastPass > 0 && mixed.LastPass > 0);
        Assert.InRange(_batch.Tokens.Length, 1, Longest + Share);
    }

    [Fact]
    public void ShortTextsOfManyAreTakenInTheOrderInWhichTheyCame()
    {
        Add([.. Enumerable.Repeat(Longest, 100)]);
        EncoderRequest[] few = [.. Enumerable.Range(0, 8).Select(_ => Add(32))];
        Fill();
        Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0], few.Select(Count));
        Fill();
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1], few.Select(Count));
        Assert.Equal(4, _batch.Texts.Count);
        Fill();
        Assert.Equal(Longest, Assert.Single(_batch.Texts).Length);
    }

    [Fact]
    public void ManyShortTextsWaitForALongOneEveryOtherTimeAtMost()
    {
        EncoderRequest[] longs = [.. Enumerable.Range(0, 8).Select(_ => Add(Longest, Longest, Longest))];
        EncoderRequest[] few = [.. Enumerable.Range(0, 48).Select(_ => Add(30))];
        List<(int Long, int Short)> passes = [];
        while (few.Any(request => request.HasMore))
        {
            Fill();
            passes.Add((_batch.Lengths.ToArray().Count(length => length == Longest), _batch.Lengths.ToArray().Count(length => length == 30)));
        }
        Assert.Equal([(1, 4), (0, 17), (1, 4), (0, 17), (1, 4), (0, 2)], passes);
        Assert.Equal(3 * 8 - 3, Remaining(longs));
    }

    [Fact]
    public void TheTurnOfALongTextComesHoweverManyShortOnesFollow()
    {
        Add([.. Enumerable.Repeat(30, 50)]);
        EncoderRequest longs = Add(Longest, Longest);
        int waiting = _line.Count, passes = 0, taken = 0;
        while (longs.HasMore)
        {
            // More than a pass holds comes before every pass.
            for (int i = 0; i < 20; i++)
            {
                Add(30);
            }
            Fill();
            passes++;
            taken += Count(longs);
            Assert.True(taken > 0 || passes < 2 + waiting, "requests that came later went before");
            Assert.InRange(passes, 1, 200);
        }
        Assert.Equal(2, taken);
    }

    [Fact]
    public void ALineOfLongTextsGoesOneByOne()
    {
        EncoderRequest[] longs = [.. Enumerable.Range(0, 4).Select(_ => Add(Longest))];
        foreach (EncoderRequest next in longs)
        {
            Fill();
            Assert.Equal(1, Count(next));
            Assert.Single(_batch.Texts);
        }
        Fill();
        Assert.Empty(_batch.Texts);
    }

    [Fact]
    public void RequestsThatEndedAreGone()
    {
        EncoderRequest failed = Add(10, 10), cancelled = Add(10), other = Add(10);
        failed.Fail(new InvalidOperationException());
        cancelled.Cancel();
        Fill();
        Assert.Equal((1, 1), (_batch.Texts.Count, Count(other)));
        Assert.Empty(_line);
    }

    [Fact]
    public void WhoIsNotReadyKeepsTheTurn()
    {
        EncoderRequest slow = new(2, _ => new int[5]), ready = Add(7);
        _line.AddFirst(slow);
        Fill();
        Assert.Equal((1, 1), (_batch.Texts.Count, Count(ready)));
        Assert.Same(slow, _line.First!.Value);
        slow.Read(100);
        Fill();
        Assert.Equal(2, Count(slow));
    }

    [Fact]
    public void TokensAndLengthsAreThoseOfTheTexts()
    {
        int number = 0;
        EncoderRequest request = new(3, i => [.. Enumerable.Range(0, 3 - i).Select(_ => ++number)]);
        request.Read(100);
        _line.AddLast(request);
        Fill();
        Assert.Equal([1, 2, 3, 4, 5, 6], _batch.Tokens.ToArray());
        Assert.Equal([3, 2, 1], _batch.Lengths.ToArray());
        Assert.Equal([0, 1, 2], _batch.Texts.Select(text => text.Index));
        Assert.Equal(6, request.TokenCount);
    }

    private EncoderRequest Add(params int[] lengths)
    {
        EncoderRequest request = new(lengths.Length, i => new int[lengths[i]]);
        request.Read(int.MaxValue);
        _line.AddLast(request);
        return request;
    }

    private void Fill() => _batch.Fill(_line);

    private int Remaining(EncoderRequest[] requests)
    {
        int count = 0;
        for (Fill(); _batch.Texts.Count > 0; Fill())
        {
            count += requests.Sum(Count);
        }
        return count;
    }

    private int Count(EncoderRequest request) => _batch.Texts.Count(text => text.Request == request);

    private IEnumerable<int[]> Passes()
    {
        for (Fill(); _batch.Texts.Count > 0; Fill())
        {
            yield return _batch.Lengths.ToArray();
        }
    }
}
