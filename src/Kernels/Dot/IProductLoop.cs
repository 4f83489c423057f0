namespace LocalLlm.Kernels.Dot;

/// <summary>A way to compute some rows of an <see cref="IntegerProduct"/> for all its tokens. One thread, any number of rows.</summary>
/// <remarks>
/// Methods that hold a hot loop are compiled optimised at their first call, and never inlined: into a caller they would bring so many calls of their
/// own that the compiler's budget for inlining runs out, and vector operations become calls. That made loops five times slower, a second into a run.
/// </remarks>
internal interface IProductLoop
{
    /// <summary>Rows that are worked on at a time; <see cref="Panel.Rows"/> if they are unpacked into a panel first.</summary>
    static abstract int TileRows { get; }

    /// <summary>Bytes of scratch memory that <see cref="Run"/> needs for rows of so many groups.</summary>
    static virtual long ScratchBytes(int groups) => 0;

    /// <summary>Bytes of an unpacked panel of <see cref="TileRows"/> rows of so many groups, for loops that can be given it (<see cref="WeightMatrix.Panels"/>); else 0.</summary>
    static virtual long PanelBytes(int groups) => 0;

    /// <summary>Unpacks a panel.</summary>
    /// <param name="product">Whose weights.</param>
    /// <param name="row">First row.</param>
    /// <param name="end">One past the last row, at most <see cref="TileRows"/> further.</param>
    /// <param name="panel">Where to, aligned to 64 bytes [<see cref="PanelBytes"/>].</param>
    static virtual unsafe void Pack(in IntegerProduct product, int row, int end, byte* panel) => throw new NotSupportedException("This loop reads rows as they are stored.");

    /// <summary>Computes the rows <paramref name="begin"/> to <paramref name="end"/> (exclusive).</summary>
    /// <param name="product">The product.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">One past the last row.</param>
    /// <param name="scratch">Memory of this thread, aligned to 64 bytes.</param>
    static abstract unsafe void Run(in IntegerProduct product, int begin, int end, byte* scratch);
}
