using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>GELU of rows after a bias: y[r, i] = gelu(x[r, i] + bias[i]). One row is the unit of work; y may be x.</summary>
internal unsafe struct GeluJob<TLanes> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    /// <summary>Input, [rows, Columns].</summary>
    public float* X;

    /// <summary>Bias, [Columns]; or null.</summary>
    public float* Bias;

    /// <summary>Result, [rows, Columns].</summary>
    public float* Y;

    /// <summary>Numbers in a row.</summary>
    public int Columns;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public readonly void Run(int begin, int end, int worker)
    {
        for (int row = begin; row < end; row++)
        {
            float* x = X + ((long)row * Columns), y = Y + ((long)row * Columns);
            int i = 0;
            for (; i + TLanes.Count <= Columns; i += TLanes.Count)
            {
                TLanes v = TLanes.Load(x + i);
                Gelu.Apply(Bias is null ? v : v + TLanes.Load(Bias + i)).Store(y + i);
            }
            for (; i < Columns; i++)
            {
                y[i] = Gelu.Apply(new ScalarLane(Bias is null ? x[i] : x[i] + Bias[i])).Value;
            }
        }
    }
}
