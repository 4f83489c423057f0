using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;

namespace LocalLlm.Kernels.Dot;

/// <summary>The loop chosen for a format, a level and a number of tokens: once for each product, outside all loops.</summary>
internal readonly unsafe struct ProductKernel
{
    /// <summary>
    /// From this many tokens on, rows are unpacked into a panel first; below, unpacking them for each token costs less than writing and reading them.
    /// For <see cref="SimdLevel.Avx512Vnni"/> see <see cref="AssembledBatchLoop{TFormat}.MostTokens"/>.
    /// </summary>
    public const int PanelTokens = 4;

    private ProductKernel(
        int tileRows, delegate*<in IntegerProduct, int, int, byte*, void> run, delegate*<int, long> scratchBytes,
        delegate*<in IntegerProduct, int, int, byte*, void> pack, delegate*<int, long> panelBytes)
    {
        TileRows = tileRows;
        Run = run;
        ScratchBytes = scratchBytes;
        Pack = pack;
        PanelBytes = panelBytes;
    }

    /// <summary>See <see cref="IProductLoop.TileRows"/>.</summary>
    public int TileRows { get; }

    /// <summary>See <see cref="IProductLoop.Run"/>.</summary>
    public delegate*<in IntegerProduct, int, int, byte*, void> Run { get; }

    /// <summary>See <see cref="IProductLoop.ScratchBytes"/>.</summary>
    public delegate*<int, long> ScratchBytes { get; }

    /// <summary>See <see cref="IProductLoop.Pack"/>.</summary>
    public delegate*<in IntegerProduct, int, int, byte*, void> Pack { get; }

    /// <summary>See <see cref="IProductLoop.PanelBytes"/>.</summary>
    public delegate*<int, long> PanelBytes { get; }

    /// <summary>True if rows of the format have an integer dot product.</summary>
    public static bool Supports(GgmlType type) => type is
        GgmlType.Q8_0 or GgmlType.Q4_0 or GgmlType.Q4_1 or GgmlType.Q5_0 or GgmlType.Q5_1 or GgmlType.Q4_K or GgmlType.Q5_K or GgmlType.Q6_K;

    /// <summary>Chooses.</summary>
    /// <param name="type">A format that <see cref="Supports"/> accepts.</param>
    /// <param name="level">A level that the processor has.</param>
    /// <param name="tokens">Number of tokens.</param>
    /// <param name="unpacked">Whether the weights have panels.</param>
    public static ProductKernel Choose(GgmlType type, SimdLevel level, int tokens, bool unpacked) =>
        Choose(type, level, unpacked && tokens >= PanelTokens ? Unpacked : tokens);

    // As many tokens as make unpacking worth while: it costs nothing.
    private const int Unpacked = int.MaxValue;

    /// <summary>Chooses for weights without panels, or the loop that panels are for if there are many tokens.</summary>
    public static ProductKernel Choose(GgmlType type, SimdLevel level, int tokens) => type switch
    {
        GgmlType.Q8_0 => Choose<DotQ8_0>(level, tokens),
        GgmlType.Q4_0 => Choose<DotQ4_0>(level, tokens),
        GgmlType.Q4_1 => Choose<DotQ4_1>(level, tokens),
        GgmlType.Q5_0 => Choose<DotQ5_0>(level, tokens),
        GgmlType.Q5_1 => Choose<DotQ5_1>(level, tokens),
        GgmlType.Q4_K => Choose<DotQ4_K>(level, tokens),
        GgmlType.Q5_K => Choose<DotQ5_K>(level, tokens),
        GgmlType.Q6_K => Choose<DotQ6_K>(level, tokens),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "The format has no integer dot product."),
    };

    private static ProductKernel Choose<TFormat>(SimdLevel level, int tokens)
        where TFormat : struct, IDotFormat
        => level switch
        {
            SimdLevel.Avx512Vnni when tokens == 1 => Loop<AssembledRowLoop<TFormat>>(),
            SimdLevel.Avx512Vnni when tokens <= AssembledBatchLoop<TFormat>.MostTokens => Loop<AssembledBatchLoop<TFormat>>(),
            SimdLevel.Avx512Vnni => Loop<AssembledLoop<TFormat>>(),
            SimdLevel.Avx512 when tokens < PanelTokens => Loop<Avx512RowLoop<TFormat>>(),
            SimdLevel.Avx512 => Loop<PanelLoop<TFormat, Avx512PanelKernel<TFormat>>>(),
            SimdLevel.AvxVnni when tokens < PanelTokens => Loop<Avx2RowLoop<TFormat, AvxVnniByteDot>>(),
            SimdLevel.AvxVnni => Loop<PanelLoop<TFormat, Avx2PanelKernel<TFormat, AvxVnniByteDot>>>(),
            SimdLevel.Avx2 when tokens < PanelTokens => Loop<Avx2RowLoop<TFormat, Avx2ByteDot>>(),
            SimdLevel.Avx2 => Loop<PanelLoop<TFormat, Avx2PanelKernel<TFormat, Avx2ByteDot>>>(),
            _ => Loop<ScalarLoop<TFormat>>(),
        };

    private static ProductKernel Loop<TLoop>()
        where TLoop : struct, IProductLoop
        => new(TLoop.TileRows, &TLoop.Run, &TLoop.ScratchBytes, &TLoop.Pack, &TLoop.PanelBytes);
}
