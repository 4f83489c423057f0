using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Encoders;

/// <summary>One text's vector, or why it has none.</summary>
/// <param name="Vector">At length 1, or the one logit of a pair of texts; empty if there is an error.</param>
/// <param name="Error">What was wrong with it alone; null if nothing was.</param>
internal readonly record struct Pooled(float[] Vector, TextEngineException? Error)
{
    /// <summary>Pools the states of a text.</summary>
    /// <param name="type">How.</param>
    /// <param name="states">[tokens, width].</param>
    /// <param name="width">Width of a state.</param>
    public static Pooled Of(PoolingType type, ReadOnlySpan<float> states, int width)
    {
        EmbeddingPooling pooling = new(type, width);
        int count = states.Length / width;
        for (int position = 0; position < count; position++)
        {
            if (EmbeddingPooling.Wants(type, position, count))
            {
                pooling.Add(states.Slice(position * width, width));
            }
        }
        try
        {
            return new Pooled(pooling.Normalised(), null);
        }
        catch (TextEngineException e)
        {
            return new Pooled([], e);
        }
    }
}
