using System.Globalization;
using System.Text;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tokenization;

/// <summary>The tokens of a model: the piece that each is spelled with, its type, and the bytes that it puts into text.</summary>
internal sealed class Vocabulary
{
    /// <summary>U+2581, with which SentencePiece spells a space.</summary>
    public const char SpaceLetter = '\u2581';

    private readonly string[] _pieces;
    private readonly TokenType[] _types;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;

    // Bytes of token i: _bytes[_starts[i].._starts[i + 1]].
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    private Vocabulary(string[] pieces, TokenType[] types, Func<string, TokenType, byte[]> read)
    {
        _pieces = pieces;
        _types = types;
        LongestPiece = pieces.Max(piece => piece.Length);
        _ids = Index(pieces);
        _idsBySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        EndOfGenerationTexts.MakeControl(this, types);
        _starts = new int[pieces.Length + 1];
        using MemoryStream bytes = new(pieces.Length * 8);
        for (int id = 0; id < pieces.Length; id++)
        {
            bytes.Write(read(pieces[id], types[id]));
            _starts[id + 1] = checked((int)bytes.Length);
        }
        _bytes = bytes.ToArray();
    }

    /// <summary>Number of tokens.</summary>
    public int Count => _pieces.Length;

    /// <summary>Length of the longest piece in UTF-16 units.</summary>
    public int LongestPiece { get; }

    /// <summary>The vocabulary of a byte-level tokenizer, whose pieces are spelled in the <see cref="ByteAlphabet"/>.</summary>
    /// <exception cref="TextEngineException">The lists do not fit together, or a token stands twice.</exception>
    public static Vocabulary ReadByteLevel(GgufMetadata metadata) => Read(metadata, ByteLevelBytes);

    /// <summary>The vocabulary of a SentencePiece tokenizer, whose pieces are plain text with <see cref="SpaceLetter"/> for spaces.</summary>
    /// <exception cref="TextEngineException">The lists do not fit together, a token stands twice or a byte token is spelled wrongly.</exception>
    public static Vocabulary ReadSentencePiece(GgufMetadata metadata) => Read(metadata, SentencePieceBytes);

    /// <summary>The piece of a token as the file spells it.</summary>
    public string Piece(int id) => _pieces[id];

    /// <summary>The type of a token.</summary>
    public TokenType Type(int id) => _types[id];

    /// <summary>The bytes that a token puts into text: none for control, unknown and unused tokens.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_starts[id].._starts[id + 1]);

    /// <summary>Whether text can become this token without naming it.</summary>
    public bool IsText(int id) => _types[id] is TokenType.Normal or TokenType.UserDefined;

    /// <summary>The token with this piece, whatever its type.</summary>
    public int? Find(string piece) => _ids.TryGetValue(piece, out int id) ? id : null;

    /// <summary>
    /// The token that text spelled like this can become. A control token is none of those: what a user writes must not turn into it.
    /// </summary>
    public bool TryFindText(ReadOnlySpan<char> piece, out int id) => _idsBySpan.TryGetValue(piece, out id) && IsText(id);

    /// <summary>The byte of a token of type <see cref="TokenType.Byte"/>.</summary>
    public byte ByteOf(int id) => _bytes[_starts[id]];

    private static Vocabulary Read(GgufMetadata metadata, Func<string, TokenType, byte[]> read)
    {
        string[] pieces = metadata.GetStrings(TokenizerKeys.Tokens);
        if (pieces.Length == 0)
        {
            throw InvalidVocabulary.Because($"the list of tokens ({TokenizerKeys.Tokens}) is empty");
        }
        return new Vocabulary(pieces, ReadTypes(metadata, pieces.Length), read);
    }

    // Without the key every token is ordinary text, but for those known by their text.
    private static TokenType[] ReadTypes(GgufMetadata metadata, int count)
    {
        TokenType[] types = new TokenType[count];
        if (!metadata.TryGetInt32s(TokenizerKeys.TokenType, out int[]? numbers))
        {
            Array.Fill(types, TokenType.Normal);
            return types;
        }
        InvalidVocabulary.CheckLength(TokenizerKeys.TokenType, numbers.Length, count);
        for (int id = 0; id < count; id++)
        {
            types[id] = (TokenType)numbers[id];
            if (!Enum.IsDefined(types[id]))
            {
                throw InvalidVocabulary.Because($"{TokenizerKeys.TokenType} gives token {id} the type {numbers[id]}; types are 1 to 6");
            }
        }
        return types;
    }

    private static Dictionary<string, int> Index(string[] pieces)
    {
        Dictionary<string, int> ids = new(pieces.Length, StringComparer.Ordinal);
        for (int id = 0; id < pieces.Length; id++)
        {
            // Some converters leave places without a piece; no text reaches them.
            if (pieces[id].Length > 0 && !ids.TryAdd(pieces[id], id))
            {
                throw InvalidVocabulary.Because($"tokens {ids[pieces[id]]} and {id} are both spelled '{pieces[id]}'");
            }
        }
        return ids;
    }

    private static byte[] ByteLevelBytes(string piece, TokenType type) => type switch
    {
        TokenType.Normal => ByteAlphabet.Read(piece),
        TokenType.UserDefined => Encoding.UTF8.GetBytes(piece),
        TokenType.Byte => [ParseByte(piece)],
        _ => [],
    };

    private static byte[] SentencePieceBytes(string piece, TokenType type) => type switch
    {
        TokenType.Normal or TokenType.UserDefined => Encoding.UTF8.GetBytes(piece.Replace(SpaceLetter, ' ')),
        TokenType.Byte => [ParseByte(piece)],
        _ => [],
    };

    private static byte ParseByte(string piece)
    {
        bool framed = piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>';
        if (!framed || !byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
        {
            throw InvalidVocabulary.Because($"the byte token '{piece}' is not spelled like <0x0A>");
        }
        return value;
    }
}
