namespace LocalLlm.Kernels;

/// <summary>Queries of one sequence that one worker attends for, one head at a time.</summary>
/// <param name="Start">First row of the sequence in the batch.</param>
/// <param name="Length">Rows of the sequence.</param>
/// <param name="First">First query of the block, counted in the batch.</param>
/// <param name="Count">Queries of the block.</param>
internal readonly record struct QueryBlock(int Start, int Length, int First, int Count);
