using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// Root mean square normalisation (Zhang and Sennrich 2019) of rows: y = x / sqrt(mean(x^2) + eps) * weight, in the order of
/// docs/arithmetic.md. One row is the unit of work; y may be x.
/// </summary>
internal unsafe struct RmsNormJob<TLanes> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    /// <summary>Input, [rows, Columns].</summary>
    public float* X;

    /// <summary>Learned scale, [Columns].</summary>
    public float* Weight;

    /// <summary>Added to the mean square.</summary>
    public float Epsilon;

    /// <summary>Result, [rows, Columns].</summary>
    public float* Y;

    /// <summary>Numbers in a row.</summary>
    public int Columns;

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        for (int row = begin; row < end; row++)
        {
            Normalize(X + ((long)row * Columns), Y + ((long)row * Columns));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Normalize(float* x, float* y)
    {
        float r = 1 / MathF.Sqrt((TLanes.Dot(x, x, Columns) / Columns) + Epsilon);
        TLanes rs = TLanes.Create(r);
        int i = 0;
        for (; i + TLanes.Count <= Columns; i += TLanes.Count)
        {
            (TLanes.Load(x + i) * rs * TLanes.Load(Weight + i)).Store(y + i);
        }
        for (; i < Columns; i++)
        {
            y[i] = x[i] * r * Weight[i];
        }
    }
}
