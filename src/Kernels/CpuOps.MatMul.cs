using System.Diagnostics.CodeAnalysis;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    private readonly WorkerScratch _scratch = new(pool.Threads);

    /// <summary>True if weights of the format are multiplied as integers when quantized activations are given.</summary>
    /// <param name="type">Format of the weights.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Part of the operations seam: another back end answers for itself.")]
    public bool HasIntegerKernel(GgmlType type) => ProductKernel.Supports(type);

    /// <summary>
    /// Multiplies a matrix by one or many vectors: <c>y[t, r] = dot(row r of w, token t) + bias[r]</c>. Weights with an integer kernel
    /// (<see cref="HasIntegerKernel"/>) are multiplied by <paramref name="q"/> if it is given, all others by <paramref name="x"/>, decoded to float32.
    /// </summary>
    /// <param name="w">The weights.</param>
    /// <param name="x">Activations [tokens, w.Columns]; not read if <paramref name="q"/> is.</param>
    /// <param name="q">The same activations quantized, or null.</param>
    /// <param name="bias">Float32 [w.Rows], added last; or empty.</param>
    /// <param name="y">Results [tokens, w.Rows].</param>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <exception cref="NotSupportedException">The format can't be decoded.</exception>
    public void MatMul(in WeightMatrix w, ReadOnlySpan<float> x, QuantizedActivations? q, ReadOnlySpan<float> bias, Span<float> y) =>
        MatMul(x, q, new Projection(w, bias, y));

    /// <summary>Multiplies up to three matrices by the same vectors, in one pass of the threads. Each of them as in the other overload.</summary>
    /// <param name="x">Activations [tokens, columns]; not read where <paramref name="q"/> is.</param>
    /// <param name="q">The same activations quantized, or null.</param>
    /// <param name="first">A matrix and its results.</param>
    /// <param name="second">Another; or the default.</param>
    /// <param name="third">Another; or the default.</param>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <exception cref="NotSupportedException">A format can't be decoded.</exception>
    public void MatMul(ReadOnlySpan<float> x, QuantizedActivations? q, Projection first, Projection second = default, Projection third = default)
    {
        fixed (float* px = x, bias0 = first.Bias, bias1 = second.Bias, bias2 = third.Bias, y0 = first.Y, y1 = second.Y, y2 = third.Y)
        fixed (Outlier* outliers = q is null ? default : q.Outliers.Ordered)
        {
            ProductJob job = new(_scratch);
            Add(ref job, first, x.Length, px, q, outliers, bias0, y0);
            Add(ref job, second, x.Length, px, q, outliers, bias1, y1);
            Add(ref job, third, x.Length, px, q, outliers, bias2, y2);
            _scratch.Reserve(job.ScratchBytes);
            Pool.For(ref job, job.Chunks, 1);
        }
    }

    private void Add(ref ProductJob job, Projection p, int length, float* x, QuantizedActivations? q, Outlier* outliers, float* bias, float* y)
    {
        if (p.IsNone || p.Tokens == 0)
        {
            return;
        }
        if (q is not null && HasIntegerKernel(p.W.Type))
        {
            job.Add(ProductPart.Of(Integers(p, q, outliers, bias, y), Level, Pool.Threads));
        }
        else if (length == (long)p.Tokens * p.W.Columns)
        {
            job.Add(ProductPart.Of(new FloatProduct { W = p.W, Level = _intrinsics, X = x, Tokens = p.Tokens, Bias = bias, Y = y }, Pool.Threads));
        }
        else
        {
            throw new ArgumentException($"{p.Tokens} tokens by {p.W.Columns} columns are not {length} activations.");
        }
    }

    private static IntegerProduct Integers(Projection p, QuantizedActivations q, Outlier* outliers, float* bias, float* y)
    {
        if (q.Rows != p.Tokens || q.Columns != p.W.Columns)
        {
            throw new ArgumentException($"{p.Tokens} tokens by {p.W.Columns} columns are not {q.Rows} by {q.Columns} quantized activations.");
        }
        return new()
        {
            W = p.W,
            Quants = q.Quants,
            Scales = q.Scales,
            ScaledSums = q.ScaledSums,
            HalfSums = q.HalfSums,
            Factors = q.Factors,
            Tokens = p.Tokens,
            Groups = q.Blocks / QuantizedActivations.GroupBlocks,
            Bias = bias,
            Outliers = outliers,
            OutlierCount = q.Outliers.Ordered.Length,
            Y = y,
        };
    }
}
