namespace LocalLlm.Engine.Conversion;

/// <summary>
/// The order of rows within the heads of q and k. Checkpoints of Llama in Hugging Face's layout rotate element i of a head together with element
/// i + length / 2; GGUF's <c>llama</c> rotates 2i together with 2i + 1. Moving the rows makes both compute the same.
/// </summary>
internal static class HeadPermutation
{
    /// <summary>The checkpoint's row that becomes a row of the result.</summary>
    /// <param name="row">Row of the result.</param>
    /// <param name="headLength">Rows of a head, an even number.</param>
    public static long SourceRow(long row, long headLength)
    {
        (long head, long within) = Math.DivRem(row, headLength);
        return (head * headLength) + (within % 2 * (headLength / 2)) + (within / 2);
    }
}
