using LocalLlm.Engine.Transformer;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// Gives every sequence of a pass its rows: final states, or the logits made of them. Sequences choose their tokens side by side: with a large vocabulary
/// that takes a tenth of a pass of many.
/// </summary>
internal sealed class RowHandOut
{
    /// <summary>Rows of logits that are computed together; more would only take memory.</summary>
    public const int LogitRows = 32;

    private readonly LanguageModel _model;
    private readonly float[] _rows;      // [LogitRows, vocabulary or embedding]
    private readonly (ScheduledSequence Sequence, int First, int Count)[] _shares = new (ScheduledSequence, int, int)[LogitRows];
    private int _count;
    private int _width;                  // of the rows that are handed out now

    /// <summary>Takes the memory.</summary>
    public RowHandOut(LanguageModel model)
    {
        _model = model;
        // A model that only embeds makes no logits; one that talks may be asked to embed as well.
        int widest = model.Config.PoolingType != PoolingType.None ? 0 : model.Config.VocabularySize;
        _rows = new float[LogitRows * (long)Math.Max(widest, model.Config.EmbeddingLength)];
    }

    /// <summary>Hands out.</summary>
    /// <param name="states">Final states of the batch's outputs [outputs, embedding].</param>
    /// <param name="outputs">Their places in the batch, ascending.</param>
    /// <param name="slices">Whose tokens the batch holds, in order.</param>
    /// <returns>How many sequences got rows.</returns>
    public int Run(ReadOnlySpan<float> states, ReadOnlySpan<int> outputs, IReadOnlyList<BatchSlice> slices)
    {
        int embedding = _model.Config.EmbeddingLength, slice = 0, end = 0, answered = 0;
        ScheduledSequence? last = null;
        for (int row = 0, rows; row < outputs.Length; row += rows)
        {
            _count = 0;
            bool areStates = false;
            for (rows = 0; rows < LogitRows && row + rows < outputs.Length; rows++)
            {
                while (outputs[row + rows] >= end)
                {
                    end += slices[slice++].Tokens;
                }
                ScheduledSequence sequence = slices[slice - 1].Sequence;
                if (rows > 0 && sequence.TakesStates != areStates)
                {
                    break; // rows of one kind at a time
                }
                areStates = sequence.TakesStates;
                answered += sequence == last ? 0 : 1;
                last = sequence;
                Share(sequence, rows);
            }
            Fill(states.Slice(row * embedding, rows * embedding), rows, areStates);
            Job job = new(this);
            _model.Workers.For(ref job, _count, 1);
        }
        Array.Clear(_shares);
        return answered;
    }

    private void Fill(ReadOnlySpan<float> states, int rows, bool areStates)
    {
        _width = areStates ? _model.Config.EmbeddingLength : _model.Config.VocabularySize;
        if (areStates)
        {
            states.CopyTo(_rows);
        }
        else
        {
            _model.Transformer.Logits(states, _rows.AsSpan(0, rows * _width));
        }
    }

    /// <summary>Rows of one sequence follow each other, and it takes them in their order.</summary>
    private void Share(ScheduledSequence sequence, int row)
    {
        if (_count > 0 && _shares[_count - 1].Sequence == sequence)
        {
            _shares[_count - 1].Count++;
        }
        else
        {
            _shares[_count++] = (sequence, row, 1);
        }
    }

    /// <summary>What goes wrong in one sequence's choice of a token is that sequence's alone.</summary>
    private void Take(int share)
    {
        (ScheduledSequence sequence, int first, int count) = _shares[share];
        try
        {
            for (int row = first; row < first + count; row++)
            {
                sequence.Take(_rows.AsSpan(row * _width, _width));
            }
        }
        catch (Exception e)
        {
            sequence.Fail(e);
        }
    }

    private readonly struct Job(RowHandOut owner) : IParallelJob
    {
        public void Run(int begin, int end, int worker)
        {
            for (int share = begin; share < end; share++)
            {
                owner.Take(share);
            }
        }
    }
}
