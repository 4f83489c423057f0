using static LocalLlm.Engine.Tokenization.CharacterClasses;

namespace LocalLlm.Engine.Tokenization;

/// <summary>Runs of numbers apart from everything else (<c>\p{N}+</c>), or every number alone (<c>\p{N}</c>).</summary>
/// <param name="single">Whether every number is a piece of its own.</param>
internal sealed class NumberStage(bool single) : SplitStage
{
    /// <inheritdoc/>
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        bool number = At(text, start, out int length) == CharacterClass.Number;
        int at = start + length;
        if (number && single)
        {
            return at;
        }
        while (at < text.Length && (At(text, at, out length) == CharacterClass.Number) == number)
        {
            at += length;
        }
        return at;
    }
}
