using System.Diagnostics.CodeAnalysis;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    // A chunk of weights takes some microseconds to read, against a fraction of one for handing it out.
    private const int ChunkBytes = 64 * 1024;

    // Rows that kernels for few tokens work on at a time.
    private const int RowTile = 4;

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
    public void MatMul(in WeightMatrix w, ReadOnlySpan<float> x, QuantizedActivations? q, ReadOnlySpan<float> bias, Span<float> y)
    {
        if (y.Length % w.Rows != 0 || (!bias.IsEmpty && bias.Length != w.Rows))
        {
            throw new ArgumentException($"A matrix of {w.Rows} rows gives no {y.Length} results with {bias.Length} biases.");
        }
        int tokens = y.Length / w.Rows;
        if (tokens == 0)
        {
            return;
        }
        fixed (float* px = x, pBias = bias, py = y)
        {
            if (q is not null && HasIntegerKernel(w.Type))
            {
                MultiplyIntegers(w, tokens, q, pBias, py);
            }
            else if (x.Length == (long)tokens * w.Columns)
            {
                MultiplyFloats(w, tokens, px, pBias, py);
            }
            else
            {
                throw new ArgumentException($"{tokens} tokens by {w.Columns} columns are not {x.Length} activations.");
            }
        }
    }

    private void MultiplyIntegers(in WeightMatrix w, int tokens, QuantizedActivations q, float* bias, float* y)
    {
        if (q.Rows != tokens || q.Columns != w.Columns)
        {
            throw new ArgumentException($"{tokens} tokens by {w.Columns} columns are not {q.Rows} by {q.Columns} quantized activations.");
        }
        IntegerProduct product = new()
        {
            W = w,
            Quants = q.Quants,
            Scales = q.Scales,
            ScaledSums = q.ScaledSums,
            HalfSums = q.HalfSums,
            Factors = q.Factors,
            Tokens = tokens,
            Groups = q.Blocks / QuantizedActivations.GroupBlocks,
            Bias = bias,
            OutlierCount = q.Outliers.Ordered.Length,
            Y = y,
        };
        ProductKernel kernel = ProductKernel.Choose(product.W.Type, Level, product.Tokens);
        _scratch.Reserve(kernel.ScratchBytes(product.Groups));
        fixed (Outlier* outliers = q.Outliers.Ordered)
        {
            product.Outliers = outliers;
            IntegerJob job = new() { Product = product, Kernel = kernel, Scratch = _scratch };
            Pool.For(ref job, product.W.Rows, Grain(product.W, product.Tokens < ProductKernel.PanelTokens ? RowTile : Panel.Rows));
        }
    }

    private void MultiplyFloats(in WeightMatrix w, int tokens, float* x, float* bias, float* y)
    {
        FloatProduct product = new() { W = w, Level = _intrinsics, X = x, Tokens = tokens, Bias = bias, Y = y };
        _scratch.Reserve(product.ScratchBytes);
        FloatJob job = new() { Product = product, Scratch = _scratch };
        Pool.For(ref job, w.Rows, Grain(w, product.PanelRows));
    }

    /// <summary>Rows of a chunk: at least a panel or 64 KiB, unless that left threads without one; always whole panels.</summary>
    private int Grain(in WeightMatrix w, int panelRows)
    {
        long rows = Math.Max(panelRows, ChunkBytes / w.RowBytes);
        long share = w.Rows / (4L * Pool.Threads);
        return (int)Math.Max(panelRows, Math.Min(rows, share) / panelRows * panelRows);
    }

    private struct IntegerJob : IParallelJob
    {
        public IntegerProduct Product;
        public ProductKernel Kernel;
        public WorkerScratch Scratch;

        public readonly void Run(int begin, int end, int worker) => Kernel.Run(Product, begin, end, Scratch.Of(worker));
    }

    private struct FloatJob : IParallelJob
    {
        public FloatProduct Product;
        public WorkerScratch Scratch;

        public readonly void Run(int begin, int end, int worker)
        {
            switch (Product.Level)
            {
                case SimdLevel.Avx512: FloatProduct.Run<Avx512FloatTile>(Product, begin, end, Scratch.Of(worker)); break;
                case SimdLevel.AvxVnni or SimdLevel.Avx2: FloatProduct.Run<Avx2FloatTile>(Product, begin, end, Scratch.Of(worker)); break;
                default: FloatProduct.Run<ScalarFloatTile>(Product, begin, end, Scratch.Of(worker)); break;
            }
        }
    }
}
