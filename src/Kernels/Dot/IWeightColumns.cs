namespace LocalLlm.Kernels.Dot;

/// <summary>Columns of a matrix of weights, decoded to float32.</summary>
internal unsafe interface IWeightColumns
{
    /// <summary>Decodes a piece of a column.</summary>
    /// <param name="column">Which column.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="weights">Result; room for <paramref name="rows"/> rounded up to 32.</param>
    void Decode(int column, int row, int rows, float* weights);
}
