using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// SentencePiece's BPE (<c>llama</c>; Kudo and Richardson 2018, arXiv:1808.06226): spaces are spelled U+2581, a text's first symbols are
/// its characters, and neighbours join while together they are a token, highest score first. A character that is no token falls back
/// to byte tokens, or to the unknown token where those are missing.
/// </summary>
internal sealed class SentencePieceEncoder : ISegmentEncoder
{
    // SentencePiece trains pieces of up to 16 characters, Gemma's longest has 31. Finding the ways to split a piece takes time
    // quadratic in its length, which a limit keeps a hostile file from using.
    private const int LongestPiece = 256;
    private const int NoToken = -1;

    private static readonly byte[] SpaceBytes = Encoding.UTF8.GetBytes([Vocabulary.SpaceLetter]);

    private readonly Vocabulary _vocabulary;
    private readonly MergeTable _merges;
    private readonly Dictionary<int, int> _tokenOfCharacter = [];
    private readonly int[] _tokenOfByte = new int[256];
    private readonly int? _unknown;
    private readonly bool _addSpacePrefix;

    // Whether no token reaches over the border before a space (as after "a" in "a b"), so that text can be taken word by word with the
    // same result. True of Llama's vocabularies; where it is not, a text is one word.
    private readonly bool _wordsAreApart = true;
    private readonly WordCache _cache = new();

    /// <summary>Reads the scores of a file.</summary>
    /// <exception cref="GgufFormatException">There are none.</exception>
    /// <exception cref="TextEngineException">There are too few or too many, one is not a number, or a piece is absurdly long.</exception>
    public SentencePieceEncoder(GgufMetadata metadata, Vocabulary vocabulary, int? unknown, bool addSpacePrefix)
    {
        _vocabulary = vocabulary;
        _unknown = unknown;
        _addSpacePrefix = addSpacePrefix;
        float[] scores = ReadScores(metadata, vocabulary.Count);
        Array.Fill(_tokenOfByte, NoToken);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Type(id) == TokenType.Byte)
            {
                _tokenOfByte[vocabulary.ByteOf(id)] = id;
            }
            else if (vocabulary.IsText(id) && IsOneCharacter(vocabulary.PieceBytes(id), out Rune character))
            {
                _tokenOfCharacter[character.Value] = id;
            }
        }
        _merges = new MergeTable(vocabulary.Count * 2);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.IsText(id))
            {
                AddMerges(id, Priority(scores[id]));
                _wordsAreApart &= !ReachesOverSpace(vocabulary.PieceBytes(id));
            }
        }
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<byte> text, List<int> output)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(checked((text.Length + 1) * SpaceBytes.Length));
        ReadOnlySpan<byte> spelled = rented.AsSpan(0, Spell(text, rented));
        PairMerger? merger = null;
        for (int start = 0; start < spelled.Length;)
        {
            int end = _wordsAreApart ? WordEnd(spelled, start) : spelled.Length;
            ReadOnlySpan<byte> word = spelled[start..end];
            start = end;
            if (_cache.TryGet(word, out ReadOnlySpan<int> known))
            {
                output.AddRange(known);
                continue;
            }
            int first = output.Count;
            EncodeWord(word, merger ??= new PairMerger(_merges), output);
            _cache.Add(word, CollectionsMarshal.AsSpan(output)[first..]);
        }
        ArrayPool<byte>.Shared.Return(rented);
    }

    // Spaces become U+2581; returns the length.
    private int Spell(ReadOnlySpan<byte> text, Span<byte> spelled)
    {
        int length = 0;
        if (_addSpacePrefix)
        {
            SpaceBytes.CopyTo(spelled);
            length = SpaceBytes.Length;
        }
        foreach (byte value in text)
        {
            if (value == ' ')
            {
                SpaceBytes.CopyTo(spelled[length..]);
                length += SpaceBytes.Length;
            }
            else
            {
                spelled[length++] = value;
            }
        }
        return length;
    }

    // A word is a run of spaces and what follows up to the next space.
    private static int WordEnd(ReadOnlySpan<byte> spelled, int start)
    {
        int at = start;
        while (spelled[at..].StartsWith(SpaceBytes))
        {
            at += SpaceBytes.Length;
        }
        int next = spelled[at..].IndexOf(SpaceBytes);
        return next < 0 ? spelled.Length : at + next;
    }

    private void EncodeWord(ReadOnlySpan<byte> word, PairMerger merger, List<int> output)
    {
        merger.Symbols.Clear();
        while (!word.IsEmpty)
        {
            Rune.DecodeFromUtf8(word, out Rune character, out int length);
            merger.Symbols.Add(SymbolOf(character));
            word = word[length..];
        }
        merger.Merge();
        bool afterUnknown = false;
        foreach (int symbol in merger.Symbols)
        {
            if (symbol >= 0)
            {
                output.Add(symbol);
                afterUnknown = false;
            }
            else if (!TryAddBytes(new Rune(~symbol), output))
            {
                // One unknown token for a run of unknown characters, as SentencePiece has it.
                if (!afterUnknown && _unknown is { } unknown)
                {
                    output.Add(unknown);
                }
                afterUnknown = true;
            }
            else
            {
                afterUnknown = false;
            }
        }
    }

    private bool TryAddBytes(Rune character, List<int> output)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..character.EncodeToUtf8(bytes)];
        foreach (byte value in bytes)
        {
            if (_tokenOfByte[value] == NoToken)
            {
                return false;
            }
        }
        foreach (byte value in bytes)
        {
            output.Add(_tokenOfByte[value]);
        }
        return true;
    }

    // A character that is no token may still be part of one.
    private int SymbolOf(Rune character) => _tokenOfCharacter.TryGetValue(character.Value, out int token) ? token : ~character.Value;

    // Every way to make a token of two symbols is a merge. A symbol of two characters or more is always a token.
    private void AddMerges(int id, uint priority)
    {
        ReadOnlySpan<byte> piece = _vocabulary.PieceBytes(id);
        if (piece.Length > LongestPiece && Encoding.UTF8.GetCharCount(piece) is var characters and > LongestPiece)
        {
            throw InvalidVocabulary.Because($"token {id} has {characters} characters; a piece of SentencePiece has at most {LongestPiece}");
        }
        for (int border = 1; border < piece.Length; border++)
        {
            bool insideCharacter = (piece[border] & 0xC0) == 0x80;
            if (!insideCharacter && TryFindSymbol(piece[..border], out int left) && TryFindSymbol(piece[border..], out int right))
            {
                _merges.Add(new SymbolPair(left, right), new Merge(priority, id));
            }
        }
    }

    private bool TryFindSymbol(ReadOnlySpan<byte> text, out int symbol)
    {
        if (IsOneCharacter(text, out Rune character))
        {
            symbol = SymbolOf(character);
            return true;
        }
        return _vocabulary.TryFindText(text, out symbol);
    }

    private static bool IsOneCharacter(ReadOnlySpan<byte> text, out Rune character) =>
        Rune.DecodeFromUtf8(text, out character, out int length) == OperationStatus.Done && length == text.Length;

    private static bool ReachesOverSpace(ReadOnlySpan<byte> piece)
    {
        for (int at = 1; at < piece.Length; at++)
        {
            if (piece[at..].StartsWith(SpaceBytes) && !piece[..at].EndsWith(SpaceBytes))
            {
                return true;
            }
        }
        return false;
    }

    private static float[] ReadScores(GgufMetadata metadata, int count)
    {
        if (!metadata.TryGetSingles(TokenizerKeys.Scores, out float[]? scores))
        {
            throw InvalidVocabulary.Because($"{TokenizerKeys.Scores} is missing, by which a 'llama' tokenizer joins its pieces");
        }
        InvalidVocabulary.CheckLength(TokenizerKeys.Scores, scores.Length, count);
        int wrong = Array.FindIndex(scores, float.IsNaN);
        return wrong < 0 ? scores : throw InvalidVocabulary.Because($"the score of token {wrong} is not a number");
    }

    // Numbers that sort as the scores do, highest first: the bits of a float sort like integers once negative ones are turned round.
    private static uint Priority(float score)
    {
        int bits = BitConverter.SingleToInt32Bits(score + 0f);
        uint ascending = bits < 0 ? ~(uint)bits : (uint)bits | 0x8000_0000;
        return ~ascending;
    }
}
