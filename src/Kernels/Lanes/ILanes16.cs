using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels;

/// <summary>
/// Sixteen float32 lanes in registers: the width that the law of float dot products is written for, whatever the processor's own width.
/// Kernels that reduce or shuffle are one text over this interface; the scalar level has its own, plain text.
/// </summary>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
internal interface ILanes16<TSelf> : IFloatLanes<TSelf>
    where TSelf : unmanaged, ILanes16<TSelf>
{
    /// <summary>a &gt; b ? a : b, lane by lane.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The sum of the lanes by the law's tree: i + (i+8), i + (i+4), i + (i+2), then the last two.</summary>
    float Fold();

    /// <summary>The largest lane.</summary>
    float FoldMax();

    /// <summary><see cref="Fold"/> of four values at once, transposed on the way so that each level of the tree costs two shuffles for all.</summary>
    static abstract Vector128<float> Fold4(TSelf a, TSelf b, TSelf c, TSelf d);

    /// <summary>Lanes (0, 0, 2, 2, 4, 4, ...): the first of every adjacent pair, twice.</summary>
    TSelf DuplicateEven();

    /// <summary>Lanes (1, 1, 3, 3, 5, 5, ...): the second of every adjacent pair, twice.</summary>
    TSelf DuplicateOdd();
}
