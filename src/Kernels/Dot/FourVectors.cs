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
}
