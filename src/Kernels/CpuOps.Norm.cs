namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    // Element-wise loops below this many numbers cost less than waking another thread for a share of them.
    private const int NumbersPerChunk = 8192;

    /// <summary>
    /// RMSNorm of rows: y = x / sqrt(mean(x^2) + eps) * weight. A row is as long as the weight, so the same call norms whole tokens or,
    /// with a weight of head_dim, every head of every token.
    /// </summary>
    /// <param name="x">Input, [rows, weight.Length].</param>
    /// <param name="weight">Learned scale; not empty.</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <param name="y">Result, as long as x; may be x.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public void RmsNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float eps, Span<float> y)
    {
        if (weight.IsEmpty || x.Length % weight.Length != 0)
        {
            throw new ArgumentException($"RMSNorm needs rows as long as its weight, {weight.Length}; {x.Length} numbers are none.", nameof(x));
        }
        RequireLength(y.Length, x.Length, nameof(y));
        fixed (float* xs = x, weights = weight, ys = y)
        {
            int rows = x.Length / weight.Length;
            switch (_intrinsics)
            {
                case SimdLevel.Scalar:
                    RmsNormRows<ScalarLane>(xs, weights, eps, ys, rows, weight.Length);
                    break;
                case SimdLevel.Avx512:
                    RmsNormRows<Avx512Lanes>(xs, weights, eps, ys, rows, weight.Length);
                    break;
                default:
                    RmsNormRows<Avx2Lanes>(xs, weights, eps, ys, rows, weight.Length);
                    break;
            }
        }
    }

    private void RmsNormRows<TLanes>(float* x, float* weight, float eps, float* y, int rows, int columns)
        where TLanes : unmanaged, IFloatLanes<TLanes> =>
        For(new RmsNormJob<TLanes> { X = x, Weight = weight, Epsilon = eps, Y = y, Columns = columns }, rows, columns);

    /// <summary>Runs a job whose indices touch <paramref name="numbers"/> numbers each, in chunks worth a thread's while.</summary>
    private void For<TJob>(TJob job, int count, int numbers)
        where TJob : struct, IParallelJob => Pool.For(ref job, count, Math.Max(1, NumbersPerChunk / Math.Max(1, numbers)));

    private static void RequireLength(int length, long expected, string name)
    {
        if (length != expected)
        {
            throw new ArgumentException($"'{name}' has {length} numbers where the shapes ask for {expected}.", name);
        }
    }
}
