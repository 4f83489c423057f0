using System.Text;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// WordPiece as BERT uses it (<c>bert</c>): text is cleaned, lowered and stripped of accents, split into words, and each word is spelled with the longest
/// piece that fits, again and again. In a GGUF a piece that begins a word starts with U+2581 and one that continues it stands bare.
/// </summary>
internal sealed class WordPieceEncoder : ISegmentEncoder
{
    // Longer words are unknown as a whole: "max_input_chars_per_word" of the published tokenizers.
    private const int LongestWord = 100;
    private const int LongestCharacter = 4;

    private readonly Vocabulary _vocabulary;
    private readonly int _unknown;
    private readonly WordCache _cache = new();

    /// <summary>Makes the encoder of a vocabulary.</summary>
    /// <param name="vocabulary">The pieces.</param>
    /// <param name="unknown">Token of a word that they cannot spell.</param>
    public WordPieceEncoder(Vocabulary vocabulary, int unknown) => (_vocabulary, _unknown) = (vocabulary, unknown);

    private static ReadOnlySpan<byte> WordStart => "\u2581"u8;

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<byte> text, List<int> output)
    {
        Word word = new(stackalloc byte[WordStart.Length + (LongestWord * LongestCharacter)]);
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out Rune character, out int length);
            text = text[length..];
            if (BertText.IsDropped(character))
            {
                continue;
            }
            if (Rune.IsWhiteSpace(character))
            {
                End(ref word, output);
            }
            else if (character.IsAscii)
            {
                Take(character, ref word, output);
            }
            else
            {
                TakeParts(character, ref word, output);
            }
        }
        End(ref word, output);
    }

    /// <summary>
    /// Takes a character outside ASCII, part by part. Marks of other characters that NFD would reorder past one another are nonspacing and go, so
    /// that characters can be decomposed one by one.
    /// </summary>
    private void TakeParts(Rune character, ref Word word, List<int> output)
    {
        if (BertText.IsMark(character))
        {
            return;
        }
        bool alone = BertText.IsIdeograph(character);
        if (alone)
        {
            End(ref word, output);
        }
        Span<Rune> parts = stackalloc Rune[3];
        foreach (Rune part in parts[..CanonicalDecomposition.Decompose(character, parts)])
        {
            Take(part, ref word, output);
        }
        if (alone)
        {
            End(ref word, output);
        }
    }

    private void Take(Rune character, ref Word word, List<int> output)
    {
        if (BertText.IsPunctuation(character))
        {
            End(ref word, output);
            word.Append(character);
            End(ref word, output);
        }
        else
        {
            word.Append(Rune.ToLowerInvariant(character));
        }
    }

    private void End(ref Word word, List<int> output)
    {
        if (word.Characters > LongestWord)
        {
            output.Add(_unknown);
        }
        else if (word.Characters > 0)
        {
            Spell(word.Bytes, output);
        }
        word.Clear();
    }

    /// <summary>The pieces of a word: all of it, or the unknown token alone.</summary>
    private void Spell(ReadOnlySpan<byte> word, List<int> output)
    {
        if (_cache.TryGet(word, out ReadOnlySpan<int> known))
        {
            output.AddRange(known);
            return;
        }
        int before = output.Count;
        for (int start = 0; start < word.Length;)
        {
            int length = LongestPiece(word[start..], isFirst: start == 0, out int id);
            if (length == 0)
            {
                output.RemoveRange(before, output.Count - before);
                output.Add(_unknown);
                break;
            }
            output.Add(id);
            start += length;
        }
        _cache.Add(word, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(output)[before..]);
    }

    /// <summary>
    /// Bytes of the longest piece at the start of a word's rest; 0 if there is none. Pieces are whole characters, so no match ends inside one. Where a text
    /// has U+2581 itself inside a word, the pieces that are spelled alike begin words, and none of them continues one.
    /// </summary>
    private int LongestPiece(ReadOnlySpan<byte> rest, bool isFirst, out int id)
    {
        int least = isFirst ? WordStart.Length + 1 : rest.StartsWith(WordStart) ? int.MaxValue : 1;
        for (int length = Math.Min(rest.Length, _vocabulary.LongestPiece); length >= least; length--)
        {
            if (_vocabulary.TryFindText(rest[..length], out id))
            {
                return length;
            }
        }
        id = 0;
        return 0;
    }

    /// <summary>A word under way: <see cref="WordStart"/> and its characters in UTF-8.</summary>
    private ref struct Word
    {
        private readonly Span<byte> _bytes;
        private int _length;

        public Word(Span<byte> bytes)
        {
            _bytes = bytes;
            WordStart.CopyTo(bytes);
            Clear();
        }

        /// <summary>Characters appended, those beyond the longest word included.</summary>
        public int Characters { get; private set; }

        /// <summary>The start and the first <see cref="LongestWord"/> characters.</summary>
        public readonly ReadOnlySpan<byte> Bytes => _bytes[.._length];

        public void Append(Rune character)
        {
            if (++Characters <= LongestWord)
            {
                _length += character.EncodeToUtf8(_bytes[_length..]);
            }
        }

        public void Clear()
        {
            _length = WordStart.Length;
            Characters = 0;
        }
    }
}
