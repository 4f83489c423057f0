namespace LocalLlm.Engine.Tokenization;

/// <summary>Three ASCII digits at a time: <c>[0-9][0-9][0-9]</c>.</summary>
internal sealed class DigitTripleStage : SplitStage
{
    /// <inheritdoc/>
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        int digits = 0;
        for (int at = start; at < text.Length; at++)
        {
            digits = text[at] is >= (byte)'0' and <= (byte)'9' ? digits + 1 : 0;
            if (digits == 3)
            {
                return at - 2 == start ? at + 1 : at - 2;
            }
        }
        return text.Length;
    }
}
