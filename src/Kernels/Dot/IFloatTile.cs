namespace LocalLlm.Kernels.Dot;

/// <summary>Float dot products, several at once so that multiply-adds overlap and loads are shared.</summary>
internal unsafe interface IFloatTile
{
    /// <summary>One product.</summary>
    /// <param name="w">Weights [n].</param>
    /// <param name="x">Activations [n].</param>
    /// <param name="n">Length.</param>
    static abstract float Dot(float* w, float* x, int n);

    /// <summary>Four rows times one token.</summary>
    /// <param name="w">The rows [4, n].</param>
    /// <param name="x">The token [n].</param>
    /// <param name="n">Length.</param>
    /// <param name="dots">The products [4 rows].</param>
    static abstract void Rows(FourVectors w, float* x, int n, float* dots);

    /// <summary>Four rows times four tokens.</summary>
    /// <param name="w">The rows [4, n].</param>
    /// <param name="x">The tokens [4, n].</param>
    /// <param name="n">Length.</param>
    /// <param name="dots">The products [4 tokens, 4 rows].</param>
    static abstract void Tile(FourVectors w, FourVectors x, int n, float* dots);

    /// <summary>Four rows times six tokens: as many as share the loads of a row without running out of registers.</summary>
    /// <param name="w">The rows [4, n].</param>
    /// <param name="x">The tokens [6, n].</param>
    /// <param name="n">Length.</param>
    /// <param name="dots">The products [6 tokens, 4 rows].</param>
    static abstract void WideTile(FourVectors w, SixVectors x, int n, float* dots);
}
