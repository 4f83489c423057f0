using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>A function of two numbers that <see cref="ElementwiseJob{TLanes, TFunction}"/> maps over two rows.</summary>
internal interface IBinaryFunction
{
    /// <summary>The function, lane by lane.</summary>
    static abstract TLanes Apply<TLanes>(TLanes a, TLanes b)
        where TLanes : unmanaged, IFloatLanes<TLanes>;
}

/// <summary>a + b.</summary>
internal readonly struct AddFunction : IBinaryFunction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Apply<TLanes>(TLanes a, TLanes b)
        where TLanes : unmanaged, IFloatLanes<TLanes> => a + b;
}

/// <summary>silu(a) * b: the gate of a SwiGLU feed-forward network.</summary>
internal readonly struct SwiGluFunction : IBinaryFunction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Apply<TLanes>(TLanes a, TLanes b)
        where TLanes : unmanaged, IFloatLanes<TLanes> => Exponential.Silu(a) * b;
}

/// <summary>y[i] = f(a[i], b[i]), in pieces of <see cref="PieceLength"/>; y may be a or b.</summary>
internal unsafe struct ElementwiseJob<TLanes, TFunction> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
    where TFunction : struct, IBinaryFunction
{
    /// <summary>Numbers in a piece of work.</summary>
    public const int PieceLength = 1024;

    /// <summary>First argument, [Length].</summary>
    public float* A;

    /// <summary>Second argument, [Length].</summary>
    public float* B;

    /// <summary>Result, [Length].</summary>
    public float* Y;

    /// <summary>How many numbers.</summary>
    public int Length;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public readonly void Run(int begin, int end, int worker)
    {
        int i = begin * PieceLength;
        int last = (int)Math.Min((long)end * PieceLength, Length);
        for (; i + TLanes.Count <= last; i += TLanes.Count)
        {
            TFunction.Apply(TLanes.Load(A + i), TLanes.Load(B + i)).Store(Y + i);
        }
        for (; i < last; i++)
        {
            Y[i] = TFunction.Apply(new ScalarLane(A[i]), new ScalarLane(B[i])).Value;
        }
    }
}
