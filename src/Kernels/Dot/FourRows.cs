namespace LocalLlm.Kernels.Dot;

/// <summary>Starts of four rows of weights.</summary>
internal readonly unsafe struct FourRows(byte* row0, byte* row1, byte* row2, byte* row3)
{
    /// <summary>Row 0.</summary>
    public readonly byte* Row0 = row0;

    /// <summary>Row 1.</summary>
    public readonly byte* Row1 = row1;

    /// <summary>Row 2.</summary>
    public readonly byte* Row2 = row2;

    /// <summary>Row 3.</summary>
    public readonly byte* Row3 = row3;
}
