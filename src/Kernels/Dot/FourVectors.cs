namespace LocalLlm.Kernels.Dot;

/// <summary>Four float32 vectors of the same length: rows of weights, or tokens.</summary>
internal readonly unsafe struct FourVectors(float* v0, float* v1, float* v2, float* v3)
{
    /// <summary>Vector 0.</summary>
    public readonly float* V0 = v0;

    /// <summary>Vector 1.</summary>
    public readonly float* V1 = v1;

    /// <summary>Vector 2.</summary>
    public readonly float* V2 = v2;

    /// <summary>Vector 3.</summary>
    public readonly float* V3 = v3;

    /// <summary>Rows of a matrix from <paramref name="row"/> on; past <paramref name="last"/>, that one again.</summary>
    /// <param name="matrix">Float32 [rows, columns].</param>
    /// <param name="columns">Length of a row.</param>
    /// <param name="row">First row.</param>
    /// <param name="last">Last row there is.</param>
    public static FourVectors Of(float* matrix, int columns, int row, int last) => new(
        matrix + (long)row * columns,
        matrix + (long)Math.Min(row + 1, last) * columns,
        matrix + (long)Math.Min(row + 2, last) * columns,
        matrix + (long)Math.Min(row + 3, last) * columns);

    /// <summary>The remainders of all four, see <see cref="FloatDot.Remainder"/>.</summary>
    /// <param name="begin">Where the remainder begins.</param>
    /// <param name="n">Length of the vectors.</param>
    /// <param name="completion">+0 or -0.</param>
    /// <param name="memory">Float32 [4, <see cref="FloatDot.Lanes"/>].</param>
    public FourVectors Remainder(int begin, int n, float completion, float* memory) => new(
        FloatDot.Remainder(V0, begin, n, completion, memory),
        FloatDot.Remainder(V1, begin, n, completion, memory + FloatDot.Lanes),
        FloatDot.Remainder(V2, begin, n, completion, memory + 2 * FloatDot.Lanes),
        FloatDot.Remainder(V3, begin, n, completion, memory + 3 * FloatDot.Lanes));
}
