using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// Layer normalisation (Ba, Kiros and Hinton 2016, arXiv:1607.06450) of rows: y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias, in the order
/// of docs/arithmetic.md. One row is the unit of work; y may be x.
/// </summary>
internal unsafe struct LayerNormJob<TLanes> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    /// <summary>Input, [rows, Columns].</summary>
    public float* X;

    /// <summary>What is added to the input first, shaped like it; or null.</summary>
    public float* Addend;

    /// <summary>Bias of the addend, [Columns]; or null.</summary>
    public float* AddendBias;

    /// <summary>Learned scale, [Columns].</summary>
    public float* Weight;

    /// <summary>Learned shift, [Columns].</summary>
    public float* Bias;

    /// <summary>Added to the variance.</summary>
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
            float* x = X + ((long)row * Columns), y = Y + ((long)row * Columns);
            if (Addend is not null)
            {
                Add(x, Addend + ((long)row * Columns), y);
                x = y;
            }
            Centre(x, y);
            Scale(y);
        }
    }

    /// <summary>y = x + (addend + its bias).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Add(float* x, float* addend, float* y)
    {
        int i = 0;
        for (; i + TLanes.Count <= Columns; i += TLanes.Count)
        {
            TLanes a = TLanes.Load(addend + i);
            (TLanes.Load(x + i) + (AddendBias is null ? a : a + TLanes.Load(AddendBias + i))).Store(y + i);
        }
        for (; i < Columns; i++)
        {
            y[i] = x[i] + (AddendBias is null ? addend[i] : addend[i] + AddendBias[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Centre(float* x, float* y)
    {
        float mean = TLanes.Sum(x, Columns) / Columns;
        TLanes means = TLanes.Create(mean);
        int i = 0;
        for (; i + TLanes.Count <= Columns; i += TLanes.Count)
        {
            (TLanes.Load(x + i) - means).Store(y + i);
        }
        for (; i < Columns; i++)
        {
            y[i] = x[i] - mean;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Scale(float* y)
    {
        float r = 1 / MathF.Sqrt((TLanes.Dot(y, y, Columns) / Columns) + Epsilon);
        TLanes rs = TLanes.Create(r);
        int i = 0;
        for (; i + TLanes.Count <= Columns; i += TLanes.Count)
        {
            TLanes.Fma(TLanes.Load(y + i) * rs, TLanes.Load(Weight + i), TLanes.Load(Bias + i)).Store(y + i);
        }
        for (; i < Columns; i++)
        {
            y[i] = MathF.FusedMultiplyAdd(y[i] * r, Weight[i], Bias[i]);
        }
    }
}
