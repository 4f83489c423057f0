using System.Numerics.Tensors;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Generation;

/// <summary>Collects the final hidden states of a text into one vector.</summary>
/// <param name="type">Which states count.</param>
/// <param name="width">Width of a state.</param>
internal sealed class EmbeddingPooling(PoolingType type, int width)
{
    private readonly float[] _pooled = new float[width];

    /// <summary>Whether the state of a position counts.</summary>
    /// <param name="type">Which states count.</param>
    /// <param name="position">The position, from 0.</param>
    /// <param name="count">Positions of the text.</param>
    public static bool Wants(PoolingType type, int position, int count) => type switch
    {
        PoolingType.Mean => true,
        PoolingType.Cls => position == 0,
        _ => position == count - 1,
    };

    /// <summary>Takes the next state that counts [width].</summary>
    public void Add(ReadOnlySpan<float> state)
    {
        if (type == PoolingType.Mean)
        {
            TensorPrimitives.Add(_pooled, state, _pooled);
        }
        else
        {
            state.CopyTo(_pooled);
        }
    }

    /// <summary>The vector at length 1 (a mean's divisor drops out).</summary>
    /// <exception cref="TextEngineException">It is not finite, or zero.</exception>
    public float[] Normalised() => Normalise(_pooled);

    /// <summary>The leading components of a vector, at length 1 again; all of them where the number is null or not less.</summary>
    public static float[] Cut(float[] vector, int? dimensions) =>
        dimensions is int kept && kept >= 1 && kept < vector.Length ? Normalise(vector[..kept]) : vector;

    /// <summary>Scales a vector to length 1 in place.</summary>
    /// <exception cref="TextEngineException">It is not finite, or zero.</exception>
    public static float[] Normalise(float[] vector)
    {
        double squares = 0;
        foreach (float value in vector)
        {
            squares += (double)value * value;
        }
        if (!double.IsFinite(squares) || squares == 0)
        {
            throw new TextEngineException(TextEngineErrorKind.Internal, "The model gave an embedding that is zero or not finite, so it cannot be normalised.");
        }
        TensorPrimitives.Multiply(vector, (float)(1.0 / Math.Sqrt(squares)), vector);
        return vector;
    }
}
