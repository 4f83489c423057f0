namespace LocalLlm.Kernels.Dot;

/// <summary>Six float32 vectors of the same length: tokens.</summary>
internal readonly unsafe struct SixVectors(float* v0, float* v1, float* v2, float* v3, float* v4, float* v5)
{
    /// <summary>How many.</summary>
    public const int Count = 6;

    /// <summary>Vector 0.</summary>
    public readonly float* V0 = v0;

    /// <summary>Vector 1.</summary>
    public readonly float* V1 = v1;

    /// <summary>Vector 2.</summary>
    public readonly float* V2 = v2;

    /// <summary>Vector 3.</summary>
    public readonly float* V3 = v3;

    /// <summary>Vector 4.</summary>
    public readonly float* V4 = v4;

    /// <summary>Vector 5.</summary>
    public readonly float* V5 = v5;

    /// <summary>Rows of a matrix from <paramref name="row"/> on; past <paramref name="last"/>, that one again.</summary>
    /// <param name="matrix">Float32 [rows, columns].</param>
    /// <param name="columns">Length of a row.</param>
    /// <param name="row">First row.</param>
    /// <param name="last">Last row there is.</param>
    public static SixVectors Of(float* matrix, int columns, int row, int last) => new(
        matrix + (long)row * columns,
        matrix + (long)Math.Min(row + 1, last) * columns,
        matrix + (long)Math.Min(row + 2, last) * columns,
        matrix + (long)Math.Min(row + 3, last) * columns,
        matrix + (long)Math.Min(row + 4, last) * columns,
        matrix + (long)Math.Min(row + 5, last) * columns);
}
