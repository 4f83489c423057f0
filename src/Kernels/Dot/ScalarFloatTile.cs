namespace LocalLlm.Kernels.Dot;

/// <summary>The specification.</summary>
internal readonly unsafe struct ScalarFloatTile : IFloatTile
{
    /// <inheritdoc/>
    public static float Dot(float* w, float* x, int n)
    {
        float* lane = stackalloc float[FloatDot.Lanes];
        new Span<float>(lane, FloatDot.Lanes).Clear();
        for (int k = 0; k < n; k++)
        {
            lane[k % FloatDot.Lanes] = MathF.FusedMultiplyAdd(w[k], x[k], lane[k % FloatDot.Lanes]);
        }
        for (int width = FloatDot.Lanes / 2; width > 0; width /= 2)
        {
            for (int i = 0; i < width; i++)
            {
                lane[i] += lane[i + width];
            }
        }
        return lane[0];
    }

    /// <inheritdoc/>
    public static void Rows(FourVectors w, float* x, int n, float* dots)
    {
        dots[0] = Dot(w.V0, x, n);
        dots[1] = Dot(w.V1, x, n);
        dots[2] = Dot(w.V2, x, n);
        dots[3] = Dot(w.V3, x, n);
    }

    /// <inheritdoc/>
    public static void Tile(FourVectors w, FourVectors x, int n, float* dots)
    {
        Rows(w, x.V0, n, dots);
        Rows(w, x.V1, n, dots + 4);
        Rows(w, x.V2, n, dots + 8);
        Rows(w, x.V3, n, dots + 12);
    }

    /// <inheritdoc/>
    public static void WideTile(FourVectors w, SixVectors x, int n, float* dots)
    {
        Tile(w, new(x.V0, x.V1, x.V2, x.V3), n, dots);
        Rows(w, x.V4, n, dots + 16);
        Rows(w, x.V5, n, dots + 20);
    }
}
