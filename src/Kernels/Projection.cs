namespace LocalLlm.Kernels;

/// <summary>One of the matrices that a call of <see cref="CpuOps.MatMul(ReadOnlySpan{float}, QuantizedActivations?, Projection, Projection, Projection)"/> multiplies by the same activations.</summary>
public readonly ref struct Projection
{
    /// <summary>Describes the product <c>y[t, r] = dot(row r of w, token t) + bias[r]</c>.</summary>
    /// <param name="w">The weights.</param>
    /// <param name="bias">Float32 [w.Rows], added last; or empty.</param>
    /// <param name="y">Results [tokens, w.Rows].</param>
    /// <exception cref="ArgumentException">The lengths do not fit the matrix.</exception>
    public Projection(in WeightMatrix w, ReadOnlySpan<float> bias, Span<float> y)
    {
        if (y.Length % w.Rows != 0 || (!bias.IsEmpty && bias.Length != w.Rows))
        {
            throw new ArgumentException($"A matrix of {w.Rows} rows gives no {y.Length} results with {bias.Length} biases.");
        }
        W = w;
        Bias = bias;
        Y = y;
    }

    /// <summary>The weights.</summary>
    public WeightMatrix W { get; }

    /// <summary>Float32 [W.Rows], or empty.</summary>
    public ReadOnlySpan<float> Bias { get; }

    /// <summary>Results [<see cref="Tokens"/>, W.Rows].</summary>
    public Span<float> Y { get; }

    /// <summary>True for the default value, which stands for no matrix.</summary>
    internal bool IsNone => W.Rows == 0;

    /// <summary>Number of tokens.</summary>
    internal int Tokens => Y.Length / W.Rows;
}
