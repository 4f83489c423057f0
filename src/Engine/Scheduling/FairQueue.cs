using System.Diagnostics.CodeAnalysis;

namespace LocalLlm.Engine.Scheduling;

/// <summary>Requests that wait: clients take turns, and the requests of one client come in the order in which they arrived. Not safe for several threads.</summary>
internal sealed class FairQueue
{
    private readonly Dictionary<string, LinkedListNode<Lane>> _lanes = [];
    private readonly LinkedList<Lane> _turns = [];      // the client whose turn it is first

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a request behind those of its client; a client that had none waits for its turn behind the others.</summary>
    public void Add(ScheduledSequence sequence)
    {
        if (!_lanes.TryGetValue(sequence.Client, out LinkedListNode<Lane>? lane))
        {
            lane = _turns.AddLast(new Lane(sequence.Client, new()));
            _lanes.Add(sequence.Client, lane);
        }
        lane.Value.Waiting.AddLast(sequence);
        Count++;
    }

    /// <summary>The request whose turn it is.</summary>
    public bool TryPeek([NotNullWhen(true)] out ScheduledSequence? sequence)
    {
        sequence = _turns.First?.Value.Waiting.First!.Value;
        return sequence is not null;
    }

    /// <summary>Takes the request whose turn it is; its client's next one comes after everybody else's.</summary>
    public void Take()
    {
        LinkedListNode<Lane> lane = _turns.First!;
        lane.Value.Waiting.RemoveFirst();
        Count--;
        _turns.RemoveFirst();
        if (lane.Value.Waiting.Count > 0)
        {
            _turns.AddLast(lane);
        }
        else
        {
            _lanes.Remove(lane.Value.Client);
        }
    }

    /// <summary>Takes out the requests that nobody waits for any more.</summary>
    /// <param name="gone">Whether that is so.</param>
    /// <param name="removed">Receives them.</param>
    public void Remove(Predicate<ScheduledSequence> gone, Action<ScheduledSequence> removed)
    {
        for (LinkedListNode<Lane>? lane = _turns.First, next; lane is not null; lane = next)
        {
            next = lane.Next;
            LinkedList<ScheduledSequence> waiting = lane.Value.Waiting;
            for (LinkedListNode<ScheduledSequence>? at = waiting.First, after; at is not null; at = after)
            {
                after = at.Next;
                if (gone(at.Value))
                {
                    waiting.Remove(at);
                    Count--;
                    removed(at.Value);
                }
            }
            if (waiting.Count == 0)
            {
                _turns.Remove(lane);
                _lanes.Remove(lane.Value.Client);
            }
        }
    }

    private sealed record Lane(string Client, LinkedList<ScheduledSequence> Waiting);
}
