using LocalLlm.Engine.Scheduling;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Tests.Scheduling;

public sealed class FairQueueTests
{
    [Fact]
    public void ClientsTakeTurnsAndEachKeepsItsOrder()
    {
        FairQueue queue = new();
        foreach (string name in new[] { "a1", "a2", "a3", "b1", "c1", "b2" })
        {
            queue.Add(Sequence(name));
        }
        Assert.Equal(["a", "b", "c", "a", "b", "a"], Drain(queue, 6));
        Assert.False(queue.TryPeek(out _));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void AClientThatComesLaterWaitsForNobodyWhoWasServedMore()
    {
        FairQueue queue = new();
        for (int i = 0; i < 20; i++)
        {
            queue.Add(Sequence("a"));
        }
        Assert.Equal(["a", "a"], Drain(queue, 2));
        queue.Add(Sequence("b"));
        Assert.Equal(["b", "a"], Drain(queue, 2));
        queue.Add(Sequence("b"));
        Assert.Equal(["b", "a"], Drain(queue, 2));
        // Coming back right away gains nothing: everybody's turn comes.
        Assert.Equal(["a"], Drain(queue, 1));
    }

    [Fact]
    public void WhoGivesUpLeavesNoGap()
    {
        FairQueue queue = new();
        ScheduledSequence[] waiting = [Sequence("a"), Sequence("b"), Sequence("a"), Sequence("c")];
        Array.ForEach(waiting, queue.Add);
        List<ScheduledSequence> removed = [];
        queue.Remove(sequence => sequence == waiting[1] || sequence == waiting[0], removed.Add);
        Assert.Equal([waiting[0], waiting[1]], removed);
        Assert.Equal(2, queue.Count);
        Assert.True(queue.TryPeek(out ScheduledSequence? next));
        Assert.Same(waiting[2], next);
        Assert.Equal(["a", "c"], Drain(queue, 2));
    }

    private static List<string> Drain(FairQueue queue, int count)
    {
        List<string> clients = [];
        for (int i = 0; i < count && queue.TryPeek(out ScheduledSequence? next); i++)
        {
            clients.Add(next.Client);
            queue.Take();
        }
        return clients;
    }

    private static EmbeddingSequence Sequence(string name) => new(name[..1], [1], PoolingType.Last, 1, default);
}
