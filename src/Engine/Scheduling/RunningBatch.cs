using LocalLlm.Engine.Cache;
using LocalLlm.Engine.Transformer;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// The sequences that are being worked on, and what of each goes into the next pass: every answer's next token, with guesses where they pay, and a
/// bounded piece of the prompts. A sequence that finds no room in the cache makes the one that came last give way.
/// </summary>
internal sealed class RunningBatch
{
    // A pass with a piece of a prompt takes at most so many times as long as one in which all who are here decode: what answers are slowed down to
    // for the others' sake. Where few decode and many wait to, larger pieces bring them there sooner, and all of them get more.
    private const double MostDelay = 3.5;

    // A piece that is worth a pass where little is known of its cost, and the least there is.
    private const int FirstPiece = 64;
    private const int LeastPiece = 16;

    private readonly KvCache _cache;
    private readonly StepCost _cost;
    private readonly int _capacity;
    private readonly List<ScheduledSequence> _active = [];      // in the order of their first admission
    private readonly List<ScheduledSequence> _prompts = [];     // of the pass under way
    private readonly List<BatchSlice> _slices = [];

    /// <summary>Starts empty.</summary>
    /// <param name="cache">Where positions are held.</param>
    /// <param name="cost">What passes cost.</param>
    /// <param name="capacity">Most tokens of a pass.</param>
    public RunningBatch(KvCache cache, StepCost cost, int capacity)
    {
        _cache = cache;
        _cost = cost;
        _capacity = capacity;
    }

    /// <summary>The sequences, in the order of their first admission.</summary>
    public IReadOnlyList<ScheduledSequence> Active => _active;

    /// <summary>What the next pass evaluates, after <see cref="Compose"/>.</summary>
    public IReadOnlyList<BatchSlice> Slices => _slices;

    /// <summary>Tokens of answers in the pass, guesses included.</summary>
    public int DecodeTokens { get; private set; }

    /// <summary>Tokens of prompts in the pass.</summary>
    public int PromptTokens { get; private set; }

    /// <summary>Whether a sequence could start or go on: all of its tokens and one more would find room.</summary>
    public bool HasRoomFor(ScheduledSequence sequence) =>
        _active.Count == 0 || BlocksNeededBy(sequence) + _active.Count <= _cache.AvailableBlocks;

    /// <summary>Takes a sequence in.</summary>
    public void Add(ScheduledSequence sequence)
    {
        sequence.Enter(_cache);
        int at = _active.FindIndex(other => other.Order > sequence.Order);
        _active.Insert(at < 0 ? _active.Count : at, sequence);
    }

    /// <summary>Lets a sequence go.</summary>
    public void Remove(ScheduledSequence sequence) => _active.Remove(sequence);

    /// <summary>Chooses what the next pass evaluates and makes room for it.</summary>
    /// <param name="batch">Receives the tokens.</param>
    /// <param name="preempted">Receives sequences that had to give way.</param>
    public void Compose(ForwardBatch batch, Action<ScheduledSequence> preempted)
    {
        do
        {
            batch.Clear();
            _slices.Clear();
            _prompts.Clear();
            (DecodeTokens, PromptTokens) = (0, 0);
            AddAnswers(batch, preempted);
            AddPrompts(batch);
        }
        while (batch.Count == 0 && GiveWay(preempted));
    }

    private int BlocksNeededBy(ScheduledSequence sequence)
    {
        int all = (sequence.Tokens.Length + KvPool.BlockPositions) / KvPool.BlockPositions;
        return sequence.SharesPrefixes ? all - _cache.Prefixes.BlocksInUse(sequence.Tokens) : all;
    }

    private void AddAnswers(ForwardBatch batch, Action<ScheduledSequence> preempted)
    {
        double expected = 0;
        int decoding = _active.Count(sequence => sequence.IsDecoding), answered = 0;
        // The list shrinks from its end when somebody gives way.
        for (int i = 0; i < _active.Count; i++)
        {
            ScheduledSequence sequence = _active[i];
            if (!sequence.IsDecoding)
            {
                _prompts.Add(sequence);
                continue;
            }
            ReadOnlySpan<int> guess = Worthwhile(sequence, decoding - answered, expected);
            if (!guess.IsEmpty && !_cache.TryReserve(sequence.Cache!.Positions.BlocksNeeded(1 + guess.Length)))
            {
                guess = [];
            }
            while (i < _active.Count && !_cache.TryReserve(sequence.Cache!.Positions.BlocksNeeded(1)))
            {
                GiveWay(preempted);
            }
            if (i >= _active.Count)
            {
                break; // It was the last itself.
            }
            AddSlice(batch, sequence, 1, guess);
            expected += 1 + (guess.IsEmpty ? 0 : DraftLength.Gain(((GenerationSequence)sequence).Speculation!.Chance, guess.Length));
            answered++;
            DecodeTokens += 1 + guess.Length;
        }
        _prompts.RemoveAll(sequence => sequence.Cache is null);
    }

    /// <summary>As much of a guess as makes the pass give more tokens for its time.</summary>
    private ReadOnlySpan<int> Worthwhile(ScheduledSequence sequence, int toCome, double expected)
    {
        if (sequence is not GenerationSequence { Speculation: { } speculation })
        {
            return [];
        }
        ReadOnlySpan<int> guess = sequence.Draft(_capacity - DecodeTokens - toCome);
        return guess.IsEmpty
            ? guess
            : guess[..DraftLength.Choose(speculation.Chance, guess.Length, DecodeTokens + toCome, expected + toCome, _cost)];
    }

    /// <summary>Half of the piece goes to whoever waits longest, so that it comes to an end; the rest to those who have least left, so that they need not wait for it.</summary>
    private void AddPrompts(ForwardBatch batch)
    {
        if (_prompts.Count == 0)
        {
            return;
        }
        int left = _capacity - batch.Count;
        if (DecodeTokens > 0)
        {
            left = Math.Min(left, Math.Max(_cost.PromptTokens(DecodeTokens, Math.Max(DecodeTokens, _active.Count), MostDelay, FirstPiece), LeastPiece));
        }
        ScheduledSequence oldest = _prompts[0];
        if (_prompts.Count > 1)
        {
            left -= AddPiece(batch, oldest, (left + 1) / 2);
            _prompts.Sort((a, b) => a.Pending != b.Pending ? a.Pending.CompareTo(b.Pending) : a.Order.CompareTo(b.Order));
        }
        foreach (ScheduledSequence sequence in _prompts)
        {
            if (left > 0 && !_slices.Exists(slice => slice.Sequence == sequence))
            {
                left -= AddPiece(batch, sequence, left);
            }
        }
    }

    /// <summary>Adds a piece of a prompt, as long as there is room for it.</summary>
    /// <returns>Tokens added.</returns>
    private int AddPiece(ForwardBatch batch, ScheduledSequence sequence, int most)
    {
        sequence.AdoptMore();
        int count = Math.Min(most, sequence.Pending);
        while (count > 0 && !_cache.TryReserve(sequence.Cache!.Positions.BlocksNeeded(count)))
        {
            count /= 2;
        }
        AddSlice(batch, sequence, count, []);
        PromptTokens += count;
        return count;
    }

    private void AddSlice(ForwardBatch batch, ScheduledSequence sequence, int count, ReadOnlySpan<int> guess)
    {
        if (count == 0)
        {
            return;
        }
        KvSequence positions = sequence.Cache!.Positions;
        ReadOnlySpan<int> tokens = sequence.Tokens.Slice(positions.Length, count);
        foreach (int token in tokens)
        {
            batch.Add(token, positions, sequence.WantsState(positions.Length));
        }
        foreach (int token in guess)
        {
            batch.Add(token, positions, output: true);
        }
        (sequence as GenerationSequence)?.BeginStep(guess.Length);
        _slices.Add(new BatchSlice(sequence, count + guess.Length, guess.Length));
    }

    /// <summary>Takes the place of the sequence that came last; false if there is none but one.</summary>
    private bool GiveWay(Action<ScheduledSequence> preempted)
    {
        if (_active.Count == 0)
        {
            return false;
        }
        ScheduledSequence last = _active[^1];
        _active.RemoveAt(_active.Count - 1);
        last.Leave();
        preempted(last);
        return _active.Count > 0;
    }
}
