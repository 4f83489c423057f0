using System.Runtime.InteropServices;

namespace LocalLlm.Engine.Encoders;

/// <summary>
/// The texts of one pass, from a line of requests. The request at the head has its turn: its longest text goes, whatever its length, and the request to
/// the end of the line, so that everyone's turn comes. A quarter of the budget is for the shortest text of each other request, those first that have
/// waited longest for a pass. Where so many short texts wait that it is not enough, the next pass is theirs and no long one's. So a short text waits for the
/// pass under way, and at most every other pass after that holds a long one, however many and long the others are. The rest of a pass goes to the texts of
/// all requests that are closest in length to the first one.
/// </summary>
/// <param name="budget">Tokens of a pass, but for a text that is longer.</param>
/// <param name="longest">Tokens of the longest text.</param>
internal sealed class EncoderBatch(int budget, int longest)
{
    private const int Shares = 4;

    private readonly int[] _tokens = new int[Capacity(budget, longest)];
    private readonly List<int> _lengths = [];
    private readonly List<EncoderText> _texts = [];
    private int _count;
    private long _pass;
    private bool _shortOnesWait;

    /// <summary>Tokens of all texts, one after the other.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, _count);

    /// <summary>Tokens of each text.</summary>
    public ReadOnlySpan<int> Lengths => CollectionsMarshal.AsSpan(_lengths);

    /// <summary>The texts.</summary>
    public IReadOnlyList<EncoderText> Texts => _texts;

    // Also what counts as short.
    private int Share => budget / Shares;

    /// <summary>Most tokens of a pass.</summary>
    /// <param name="budget">Tokens of a pass, but for a text that is longer.</param>
    /// <param name="longest">Tokens of the longest text.</param>
    public static int Capacity(int budget, int longest) => Math.Max(budget, longest + (budget / Shares));

    /// <summary>Takes texts for the next pass; none if none is ready.</summary>
    /// <param name="line">Requests that have texts left. Those with nothing left go.</param>
    public void Fill(LinkedList<EncoderRequest> line)
    {
        _lengths.Clear();
        _texts.Clear();
        _count = 0;
        _pass++;
        Leave(line);
        if (_shortOnesWait)
        {
            TakeOneOfEach(line, budget);
            _shortOnesWait = false;
        }
        if (_count == 0 && TakeTurn(line))
        {
            TakeOneOfEach(line, Share);
            _shortOnesWait = line.Any(request => request.LastPass < _pass && request.Closest(0, Share) > 0);
        }
        if (_count > 0)
        {
            TakeClosest(line, _texts[0].Length);
            Leave(line);
        }
    }

    private static void Leave(LinkedList<EncoderRequest> line)
    {
        for (LinkedListNode<EncoderRequest>? at = line.First, next; at is not null; at = next)
        {
            next = at.Next;
            if (!at.Value.HasMore)
            {
                line.Remove(at);
            }
        }
    }

    private bool TakeTurn(LinkedList<EncoderRequest> line)
    {
        for (LinkedListNode<EncoderRequest>? at = line.First; at is not null; at = at.Next)
        {
            if (TryAdd(at.Value, longest, longest))
            {
                line.Remove(at);
                line.AddLast(at);
                return true;
            }
        }
        return false;
    }

    /// <summary>Takes a short text of each request that this pass has none of yet, as many as there is room for.</summary>
    private void TakeOneOfEach(LinkedList<EncoderRequest> line, int room)
    {
        // The order is stable: those that no pass has taken a text of yet come in the order of the line.
        foreach (EncoderRequest request in line.Where(request => request.LastPass < _pass).OrderBy(request => request.LastPass))
        {
            int before = _count;
            if (TryAdd(request, 0, Math.Min(room, Share)))
            {
                room -= _count - before;
            }
        }
    }

    private void TakeClosest(LinkedList<EncoderRequest> line, int length)
    {
        while (true)
        {
            EncoderRequest? best = null;
            int distance = int.MaxValue;
            foreach (EncoderRequest request in line)
            {
                int closest = request.Closest(length, budget - _count);
                if (closest > 0 && Math.Abs(closest - length) < distance)
                {
                    (best, distance) = (request, Math.Abs(closest - length));
                }
                if (distance == 0)
                {
                    break;
                }
            }
            if (best is null || !TryAdd(best, length, budget - _count))
            {
                return;
            }
        }
    }

    private bool TryAdd(EncoderRequest request, int length, int most)
    {
        if (!request.TryTake(length, most, out EncoderText text))
        {
            return false;
        }
        text.Tokens.CopyTo(_tokens, _count);
        _count += text.Length;
        _lengths.Add(text.Length);
        _texts.Add(text);
        request.LastPass = _pass;
        return true;
    }
}
