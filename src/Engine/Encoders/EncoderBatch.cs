namespace LocalLlm.Engine.Encoders;

/// <summary>
/// The texts of one pass: requests take turns, a text each, until no more fit. A request of thousands so delays one of a few by no more than a pass, and
/// nobody waits for a batch to fill.
/// </summary>
/// <param name="capacity">Most tokens.</param>
internal sealed class EncoderBatch(int capacity)
{
    private readonly int[] _tokens = new int[capacity];
    private readonly List<int> _lengths = [];
    private readonly List<(EncoderRequest Request, int Text)> _texts = [];
    private int _count;

    /// <summary>Tokens of all texts, one after the other.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, _count);

    /// <summary>Tokens of each text.</summary>
    public ReadOnlySpan<int> Lengths => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_lengths);

    /// <summary>Whose texts they are.</summary>
    public IReadOnlyList<(EncoderRequest Request, int Text)> Texts => _texts;

    /// <summary>Takes texts for the next pass.</summary>
    /// <param name="waiting">Requests that have texts left, whose turn it is first. Those with nothing left go; the one whose text does not fit any more is first next time.</param>
    public void Fill(LinkedList<EncoderRequest> waiting)
    {
        _lengths.Clear();
        _texts.Clear();
        _count = 0;
        while (waiting.First is { } turn)
        {
            EncoderRequest request = turn.Value;
            if (request.HasMore && !TryAdd(request))
            {
                break;
            }
            waiting.Remove(turn);
            if (request.HasMore)
            {
                waiting.AddLast(turn);
            }
        }
    }

    private bool TryAdd(EncoderRequest request)
    {
        int[] tokens = request.Next;
        if (tokens.Length > _tokens.Length - _count)
        {
            return false;
        }
        tokens.CopyTo(_tokens, _count);
        _count += tokens.Length;
        _lengths.Add(tokens.Length);
        _texts.Add((request, request.Take()));
        return true;
    }
}
