using LocalLlm.Engine.Cache;
using LocalLlm.Engine.Transformer;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Generation;

/// <summary>
/// Evaluates one sequence token by token or in chunks, and remembers what it has evaluated, so that a text that starts like the last one
/// is evaluated only from where it differs. Not safe for several threads.
/// </summary>
public sealed class SequenceDecoder : IDisposable
{
    private readonly DecoderTransformer _transformer;
    private readonly KvPool _pool;
    private readonly KvSequence _sequence;
    private readonly ForwardBatch _batch;
    private readonly List<int> _tokens;
    private readonly float[] _logits;

    /// <summary>Starts with nothing evaluated.</summary>
    /// <param name="transformer">The model.</param>
    /// <param name="keyValueType">Type of cached keys and values.</param>
    /// <param name="capacity">Most positions. Memory is touched, and so costs anything, only as positions are used.</param>
    public SequenceDecoder(DecoderTransformer transformer, KvType keyValueType, int capacity)
    {
        TransformerConfig config = transformer.Config;
        int blocks = (capacity + KvPool.BlockPositions - 1) / KvPool.BlockPositions;
        _transformer = transformer;
        _pool = new KvPool(config.BlockCount, config.HeadCountKv, config.KeyLength, config.ValueLength, keyValueType, blocks);
        _sequence = new KvSequence(new KvBlockAllocator(blocks), capacity);
        _batch = new ForwardBatch(transformer.BatchCapacity);
        // Grown along the way it would allocate between tokens. Its pages are the system's until tokens are written to them.
        _tokens = new List<int>(capacity);
        _logits = new float[config.VocabularySize];
        Capacity = capacity;
    }

    /// <summary>Most positions.</summary>
    public int Capacity { get; }

    /// <summary>The tokens evaluated so far.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>Bytes that the cache may come to occupy.</summary>
    public long CacheBytes => _pool.BytesPerBlock * _pool.Blocks;

    /// <summary>Keeps of what was evaluated the longest prefix that the prompt shares, but leaves at least its last token to evaluate.</summary>
    /// <returns>How many leading tokens of the prompt need no evaluation.</returns>
    public int Reuse(scoped ReadOnlySpan<int> prompt)
    {
        int shared = 0;
        while (shared < _tokens.Count && shared < prompt.Length - 1 && _tokens[shared] == prompt[shared])
        {
            shared++;
        }
        Truncate(shared);
        return shared;
    }

    /// <summary>Forgets what was evaluated from a position on.</summary>
    public void Truncate(int length)
    {
        _sequence.Truncate(length);
        _tokens.RemoveRange(length, _tokens.Count - length);
    }

    /// <summary>Evaluates tokens that follow what was evaluated.</summary>
    /// <param name="tokens">At least one token.</param>
    /// <param name="cancellationToken">Stops between transformer blocks; the tokens of complete chunks stay evaluated.</param>
    /// <returns>Logits after the last token [vocabulary]; the caller may write to them; valid until the next call.</returns>
    public Span<float> Evaluate(scoped ReadOnlySpan<int> tokens, CancellationToken cancellationToken)
    {
        ReadOnlySpan<float> state = [];
        while (!tokens.IsEmpty)
        {
            ReadOnlySpan<int> chunk = tokens[..Math.Min(tokens.Length, _batch.Capacity)];
            tokens = tokens[chunk.Length..];
            state = Forward(chunk, tokens.IsEmpty ? OutputRows.Last : OutputRows.None, cancellationToken);
        }
        _transformer.Logits(state, _logits);
        return _logits;
    }

    /// <summary>Evaluates tokens and hands over the logits after each of them, in order; spans are valid during the call only.</summary>
    public void EvaluateEach(scoped ReadOnlySpan<int> tokens, Action<ReadOnlySpan<float>> row, CancellationToken cancellationToken) =>
        EachState(tokens, state =>
        {
            _transformer.Logits(state, _logits);
            row(_logits);
        }, cancellationToken);

    /// <summary>Evaluates tokens and hands over the final hidden state of each [embedding], in order; spans are valid during the call only.</summary>
    public void EachState(scoped ReadOnlySpan<int> tokens, Action<ReadOnlySpan<float>> row, CancellationToken cancellationToken)
    {
        int width = _transformer.Config.EmbeddingLength;
        while (!tokens.IsEmpty)
        {
            ReadOnlySpan<int> chunk = tokens[..Math.Min(tokens.Length, _batch.Capacity)];
            tokens = tokens[chunk.Length..];
            ReadOnlySpan<float> states = Forward(chunk, OutputRows.All, cancellationToken);
            for (; !states.IsEmpty; states = states[width..])
            {
                row(states[..width]);
            }
        }
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose()
    {
        _sequence.Dispose();
        _pool.Dispose();
    }

    private enum OutputRows { None, Last, All }

    private ReadOnlySpan<float> Forward(scoped ReadOnlySpan<int> chunk, OutputRows outputs, CancellationToken cancellationToken)
    {
        int before = _sequence.Length;
        _batch.Clear();
        try
        {
            for (int i = 0; i < chunk.Length; i++)
            {
                _batch.Add(chunk[i], _sequence, outputs == OutputRows.All || (outputs == OutputRows.Last && i == chunk.Length - 1));
            }
            ReadOnlySpan<float> states = _transformer.Forward(_batch, _pool, cancellationToken);
            _tokens.AddRange(chunk);
            return states;
        }
        catch
        {
            _sequence.Truncate(before);
            throw;
        }
    }
}
