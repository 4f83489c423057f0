using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Tests.Generation;

public sealed class EmbeddingPoolingTests
{
    private static readonly float[][] s_states = [[3, 0], [0, 1], [1, 3]];

    [Theory]
    [InlineData(PoolingType.Mean, 4, 4)]
    [InlineData(PoolingType.Cls, 3, 0)]
    [InlineData(PoolingType.Last, 1, 3)]
    public void PoolsAndNormalises(PoolingType type, float x, float y)
    {
        var pooling = new EmbeddingPooling(type, 2);
        for (int i = 0; i < s_states.Length; i++)
        {
            if (EmbeddingPooling.Wants(type, i, s_states.Length))
            {
                pooling.Add(s_states[i]);
            }
        }
        float length = MathF.Sqrt((x * x) + (y * y));
        float[] vector = pooling.Normalised();
        Assert.Equal(x / length, vector[0], 1e-6f);
        Assert.Equal(y / length, vector[1], 1e-6f);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void WhatCannotBeNormalisedIsRefused(float value)
    {
        var pooling = new EmbeddingPooling(PoolingType.Last, 2);
        pooling.Add([value, 0]);
        Assert.Equal(TextEngineErrorKind.Internal, Assert.Throws<TextEngineException>(pooling.Normalised).Kind);
    }
}
