using LocalLlm.Engine.Cache;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// A ragged batch: tokens of any number of sequences that one forward pass evaluates together. Tokens of one sequence stand in the order
/// of their positions. What a token computes does not depend on its neighbours in the batch.
/// </summary>
public sealed class ForwardBatch
{
    private readonly int[] _tokens;
    private readonly int[] _positions;
    private readonly TokenPlace[] _places;
    private readonly int[] _outputs;
    private int _outputCount;

    /// <summary>Makes room for a number of tokens.</summary>
    public ForwardBatch(int capacity)
    {
        _tokens = new int[capacity];
        _positions = new int[capacity];
        _places = new TokenPlace[capacity];
        _outputs = new int[capacity];
    }

    /// <summary>Most tokens.</summary>
    public int Capacity => _tokens.Length;

    /// <summary>Tokens added.</summary>
    public int Count { get; private set; }

    /// <summary>Token ids [Count].</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    /// <summary>Positions [Count], each within its own sequence.</summary>
    public ReadOnlySpan<int> Positions => _positions.AsSpan(0, Count);

    /// <summary>Where each token finds its past in the cache [Count].</summary>
    public ReadOnlySpan<TokenPlace> Places => _places.AsSpan(0, Count);

    /// <summary>Indices of the tokens whose final hidden state is wanted, ascending.</summary>
    public ReadOnlySpan<int> Outputs => _outputs.AsSpan(0, _outputCount);

    /// <summary>Empties the batch.</summary>
    public void Clear() => Count = _outputCount = 0;

    /// <summary>Adds a token at the end of its sequence.</summary>
    /// <param name="token">Token id.</param>
    /// <param name="sequence">The sequence, extended by one position.</param>
    /// <param name="output">Whether the token's final hidden state is wanted.</param>
    public void Add(int token, KvSequence sequence, bool output)
    {
        int position = sequence.Length;
        sequence.Extend(1);
        _tokens[Count] = token;
        _positions[Count] = position;
        _places[Count] = sequence.Place(position);
        if (output)
        {
            _outputs[_outputCount++] = Count;
        }
        Count++;
    }
}
