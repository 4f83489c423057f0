using System.Diagnostics.CodeAnalysis;

namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// Requests that wait: clients take turns, and the requests of one client come in the order in which they arrived. Start-time fair queueing (Goyal, Vin
/// and Cheng 1996) with every request as long as any other: a client that comes later is on a par with those who were served least. Not safe for several threads.
/// </summary>
internal sealed class FairQueue
{
    private readonly Dictionary<string, Lane> _lanes = [];
    private long _turn;      // of the request that was taken last
    private long _lanesEver;

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a request behind those of its client.</summary>
    public void Add(ScheduledSequence sequence)
    {
        if (!_lanes.TryGetValue(sequence.Client, out Lane? lane))
        {
            lane = new Lane(_lanesEver++);
            _lanes.Add(sequence.Client, lane);
        }
        if (lane.Waiting.Count == 0)
        {
            lane.Turn = Math.Max(lane.Turn, _turn);
        }
        lane.Waiting.AddLast(sequence);
        Count++;
    }

    /// <summary>The request whose turn it is.</summary>
    public bool TryPeek([NotNullWhen(true)] out ScheduledSequence? sequence)
    {
        sequence = First()?.Waiting.First!.Value;
        return sequence is not null;
    }

    /// <summary>Takes the request whose turn it is; its client's next one comes a turn later.</summary>
    public void Take()
    {
        Lane lane = First() ?? throw new InvalidOperationException("Nobody waits.");
        lane.Waiting.RemoveFirst();
        Count--;
        _turn = lane.Turn++;
        Prune();
    }

    /// <summary>Takes out the requests that nobody waits for any more.</summary>
    /// <param name="gone">Whether that is so.</param>
    /// <param name="removed">Receives them.</param>
    public void Remove(Predicate<ScheduledSequence> gone, Action<ScheduledSequence> removed)
    {
        if (Count == 0)
        {
            return;
        }
        foreach (Lane lane in _lanes.Values)
        {
            for (LinkedListNode<ScheduledSequence>? at = lane.Waiting.First, next; at is not null; at = next)
            {
                next = at.Next;
                if (gone(at.Value))
                {
                    lane.Waiting.Remove(at);
                    Count--;
                    removed(at.Value);
                }
            }
        }
        Prune();
    }

    private Lane? First() => _lanes.Values.Where(lane => lane.Waiting.Count > 0).MinBy(lane => (lane.Turn, lane.Number));

    /// <summary>Forgets clients that would come back like new ones.</summary>
    private void Prune()
    {
        foreach ((string client, Lane lane) in _lanes)
        {
            if (lane.Waiting.Count == 0 && lane.Turn <= _turn)
            {
                _lanes.Remove(client);
            }
        }
    }

    /// <summary>The requests of a client.</summary>
    /// <param name="number">Lanes of the same turn go in this order.</param>
    private sealed class Lane(long number)
    {
        public long Number { get; } = number;

        /// <summary>Of its first request.</summary>
        public long Turn { get; set; }

        public LinkedList<ScheduledSequence> Waiting { get; } = new();
    }
}
