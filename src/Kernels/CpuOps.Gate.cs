namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    /// <summary>The gate of a SwiGLU feed-forward network: y[i] = silu(gate[i]) * up[i]. y may be gate or up.</summary>
    /// <param name="gate">[n].</param>
    /// <param name="up">[n].</param>
    /// <param name="y">Result, [n].</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void SwiGlu(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        RequireLength(up.Length, gate.Length, nameof(up));
        RequireLength(y.Length, gate.Length, nameof(y));
        fixed (float* gates = gate, ups = up, ys = y)
        {
            Map<SwiGluFunction>(gates, ups, ys, gate.Length);
        }
    }

    /// <summary>y[i] += x[i].</summary>
    /// <param name="x">[n].</param>
    /// <param name="y">[n]; changed in place.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Add(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireLength(x.Length, y.Length, nameof(x));
        fixed (float* xs = x, ys = y)
        {
            Map<AddFunction>(ys, xs, ys, y.Length);
        }
    }

    /// <summary>Softmax of one row in place, by the law of docs/arithmetic.md: exp(x - max) / sum. An empty row stays empty.</summary>
    /// <param name="x">Scores on entry, probabilities on return.</param>
    public void Softmax(Span<float> x)
    {
        if (x.IsEmpty)
        {
            return;
        }
        fixed (float* xs = x)
        {
            switch (_intrinsics)
            {
                case SimdLevel.Scalar:
                    Kernels.Softmax.Run<ScalarLane>(xs, x.Length);
                    break;
                case SimdLevel.Avx512:
                    Kernels.Softmax.Run<Avx512Lanes>(xs, x.Length);
                    break;
                default:
                    Kernels.Softmax.Run<Avx2Lanes>(xs, x.Length);
                    break;
            }
        }
    }

    private void Map<TFunction>(float* a, float* b, float* y, int length)
        where TFunction : struct, IBinaryFunction
    {
        switch (_intrinsics)
        {
            case SimdLevel.Scalar:
                MapLanes<ScalarLane, TFunction>(a, b, y, length);
                break;
            case SimdLevel.Avx512:
                MapLanes<Avx512Lanes, TFunction>(a, b, y, length);
                break;
            default:
                MapLanes<Avx2Lanes, TFunction>(a, b, y, length);
                break;
        }
    }

    private void MapLanes<TLanes, TFunction>(float* a, float* b, float* y, int length)
        where TLanes : unmanaged, IFloatLanes<TLanes>
        where TFunction : struct, IBinaryFunction
    {
        const int piece = ElementwiseJob<TLanes, TFunction>.PieceLength;
        For(new ElementwiseJob<TLanes, TFunction> { A = a, B = b, Y = y, Length = length }, (int)(((long)length + piece - 1) / piece), piece);
    }
}
