using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>Softmax of one row in place: e[i] = exp(x[i] - max), then times 1 / sum(e); the sum by the sixteen-lane law.</summary>
internal static unsafe class Softmax
{
    /// <summary>Turns <paramref name="x"/> into probabilities; <paramref name="length"/> is at least 1.</summary>
    public static void Run<TLanes>(float* x, int length)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        Exponentiate<TLanes>(x, length, TLanes.Max(x, length));
        Multiply<TLanes>(x, length, 1 / TLanes.Sum(x, length));
    }

    /// <summary>x[i] = exp(x[i] - max).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Exponentiate<TLanes>(float* x, int length, float max)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes maxes = TLanes.Create(max);
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            Exponential.Exp(TLanes.Load(x + i) - maxes).Store(x + i);
        }
        for (; i < length; i++)
        {
            x[i] = Exponential.Exp(x[i] - max);
        }
    }

    /// <summary>x[i] *= factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Multiply<TLanes>(float* x, int length, float factor)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes factors = TLanes.Create(factor);
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            (TLanes.Load(x + i) * factors).Store(x + i);
        }
        for (; i < length; i++)
        {
            x[i] *= factor;
        }
    }
}
