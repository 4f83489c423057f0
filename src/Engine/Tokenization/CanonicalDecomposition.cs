using System.Collections.Frozen;
using System.Text;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Characters without their accents: the canonical decomposition (Unicode Standard, section 3.7, form NFD) less the nonspacing marks. A table of
/// the engine's own, because the runtime normalises nothing in its invariant mode, and because a tokenizer must not change with a library's version.
/// </summary>
internal static partial class CanonicalDecomposition
{
    // Hangul syllables are composed by rule (section 3.12): (lead * 21 + vowel) * 28 + trail.
    private const int FirstSyllable = 0xAC00, LastSyllable = 0xD7A3, FirstLead = 0x1100, FirstVowel = 0x1161, BeforeTrails = 0x11A7;
    private const int Vowels = 21, Trails = 28;

    private static readonly FrozenDictionary<int, Rune[]> s_table = ReadTable();

    /// <summary>Writes what a character is made of, nonspacing marks left out.</summary>
    /// <param name="character">Any character but a nonspacing mark itself.</param>
    /// <param name="parts">Receives them; room for three.</param>
    /// <returns>How many there are; the character itself if it has no parts.</returns>
    public static int Decompose(Rune character, Span<Rune> parts)
    {
        if (character.Value is >= FirstSyllable and <= LastSyllable)
        {
            return DecomposeSyllable(character.Value - FirstSyllable, parts);
        }
        if (s_table.TryGetValue(character.Value, out Rune[]? found))
        {
            found.CopyTo(parts);
            return found.Length;
        }
        parts[0] = character;
        return 1;
    }

    private static int DecomposeSyllable(int syllable, Span<Rune> parts)
    {
        int trail = syllable % Trails;
        parts[0] = new Rune(FirstLead + (syllable / (Vowels * Trails)));
        parts[1] = new Rune(FirstVowel + (syllable / Trails % Vowels));
        if (trail == 0)
        {
            return 2;
        }
        parts[2] = new Rune(BeforeTrails + trail);
        return 3;
    }

    private static FrozenDictionary<int, Rune[]> ReadTable()
    {
        Dictionary<int, Rune[]> table = [];
        foreach (Rune[] word in Words(Letters))
        {
            foreach (Rune composed in word.AsSpan(1))
            {
                table.Add(composed.Value, [word[0]]);
            }
        }
        foreach (Rune[] word in Words(Sequences))
        {
            table.Add(word[0].Value, word[1..]);
        }
        foreach (Rune[] word in Words(Ideographs))
        {
            for (int i = 1; i < word.Length; i++)
            {
                table.Add(word[0].Value + i - 1, [word[i]]);
            }
        }
        return table.ToFrozenDictionary();
    }

    private static IEnumerable<Rune[]> Words(string text) => text.Split(' ').Select(word => word.EnumerateRunes().ToArray());
}
