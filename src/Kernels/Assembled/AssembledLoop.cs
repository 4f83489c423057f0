using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Many tokens: a panel of 32 rows is packed once, if it does not come packed, and multiplied by all of them with an assembled kernel, six tokens at a time.
/// </summary>
internal readonly unsafe struct AssembledLoop<TFormat> : IProductLoop
    where TFormat : struct, IDotFormat
{
    // [4 partial sums, up to six tokens, 32 rows] float32.
    private const int PartialFloats = 4 * 6 * TileShape.Rows;

    /// <inheritdoc/>
    public static int TileRows => TileShape.Rows;

    /// <inheritdoc/>
    public static long ScratchBytes(int groups) => TilePacker<TFormat>.Bytes(groups) + PartialFloats * sizeof(float);

    /// <inheritdoc/>
    public static long PanelBytes(int groups) => TilePacker<TFormat>.Bytes(groups);

    /// <inheritdoc/>
    public static void Pack(in IntegerProduct product, int row, int end, byte* panel) => TilePacker<TFormat>.Pack(product, row, end, panel);

    /// <inheritdoc/>
    public static void Run(in IntegerProduct product, int begin, int end, byte* scratch)
    {
        int shape = TileShape.IndexOf<TFormat>(), most = TileShape.All[shape].MaxTokens;
        AssembledKernels kernels = AssembledKernels.Instance;
        long panelBytes = TilePacker<TFormat>.Bytes(product.Groups);
        float* partials = (float*)(scratch + panelBytes);
        TileCall call = new()
        {
            QuantStride = (long)product.Groups * QuantizedActivations.GroupLength,
            FactorStride = (long)product.Groups * QuantizedActivations.GroupBlocks * sizeof(ActivationFactors),
            Groups = product.Groups,
            Partials = partials,
        };
        for (int row = begin; row < end; row += TileShape.Rows)
        {
            int stop = Math.Min(row + TileShape.Rows, end);
            byte* panel = scratch;
            if (product.W.Panels is null)
            {
                TilePacker<TFormat>.Pack(product, row, stop, panel);
            }
            else
            {
                panel = product.W.Panels + (row / TileShape.Rows * panelBytes);
            }
            call.Panel = panel;
            for (int token = 0; token < product.Tokens; token += most)
            {
                int tokens = Math.Min(most, product.Tokens - token);
                call.Quants = product.TokenQuants(token);
                call.Factors = product.TokenFactors(token);
                kernels.Kernel(shape, tokens)(&call);
                for (int i = 0; i < tokens; i++)
                {
                    Store(product, partials + i * TileShape.Rows, tokens * TileShape.Rows, token + i, row, stop - row);
                }
            }
            OutlierProduct.Add<Avx512Lanes, PanelColumns<TFormat>>(product, new(panel, row, product.Groups), row, stop);
        }
    }

    /// <summary>Adds up the partial sums of a token and stores them, bias added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(in IntegerProduct product, float* p, int stride, int token, int row, int rows)
    {
        Vector512<float> low = Fold(p, stride), high = Fold(p + 16, stride);
        if (rows == TileShape.Rows)
        {
            float* y = product.Y + (long)token * product.W.Rows + row;
            if (product.BlockBias is not null)
            {
                low += Vector512.Load(product.Bias + row);
                high += Vector512.Load(product.Bias + row + 16);
            }
            low.Store(y);
            high.Store(y + 16);
            return;
        }
        low.Store(p);
        high.Store(p + 16);
        for (int r = 0; r < rows; r++)
        {
            product.Store(token, row + r, p[r]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fold(float* p, int stride) =>
        Vector512.Load(p) + Vector512.Load(p + 2 * stride) + (Vector512.Load(p + stride) + Vector512.Load(p + 3 * stride));
}
