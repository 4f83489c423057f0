using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// The tokens of a model: the piece that each is spelled with, its type, and the bytes that it puts into text. Pieces stay bytes in the
/// file's own value, and are found there: a vocabulary of 150,000 tokens is read before the first answer, and only few are ever wanted as text.
/// </summary>
internal sealed class Vocabulary
{
    /// <summary>U+2581, with which SentencePiece spells a space.</summary>
    public const char SpaceLetter = '\u2581';

    private readonly GgufStrings _pieces;
    private readonly TokenType[] _types;
    private readonly PieceIndex _ids;

    // Bytes of token i: _bytes[_starts[i].._starts[i + 1]]. No token puts more bytes into text than its piece has.
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    private Vocabulary(GgufStrings pieces, TokenType[] types, bool isByteLevel)
    {
        _pieces = pieces;
        _types = types;
        _ids = new PieceIndex(pieces);
        EndOfGenerationTexts.MakeControl(this, types);
        _starts = new int[pieces.Count + 1];
        _bytes = new byte[pieces.TotalBytes];
        ReadBytes(isByteLevel);
    }

    /// <summary>Number of tokens.</summary>
    public int Count => _types.Length;

    /// <summary>Bytes of the longest piece.</summary>
    public int LongestPiece { get; private set; }

    /// <summary>The vocabulary of a byte-level tokenizer, whose pieces are spelled in the <see cref="ByteAlphabet"/>.</summary>
    /// <exception cref="TextEngineException">The lists do not fit together, or a token stands twice.</exception>
    public static Vocabulary ReadByteLevel(GgufMetadata metadata) => Read(metadata, isByteLevel: true);

    /// <summary>The vocabulary of a SentencePiece tokenizer, whose pieces are plain text with <see cref="SpaceLetter"/> for spaces.</summary>
    /// <exception cref="TextEngineException">The lists do not fit together, a token stands twice or a byte token is spelled wrongly.</exception>
    public static Vocabulary ReadSentencePiece(GgufMetadata metadata) => Read(metadata, isByteLevel: false);

    /// <summary>The piece of a token as the file spells it.</summary>
    public string Piece(int id) => Encoding.UTF8.GetString(_pieces[id]);

    /// <summary>The bytes of a token's piece, UTF-8 in every sound file.</summary>
    public ReadOnlySpan<byte> PieceBytes(int id) => _pieces[id];

    /// <summary>The type of a token.</summary>
    public TokenType Type(int id) => _types[id];

    /// <summary>The bytes that a token puts into text: none for control, unknown and unused tokens.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_starts[id].._starts[id + 1]);

    /// <summary>Whether text can become this token without naming it.</summary>
    public bool IsText(int id) => _types[id] is TokenType.Normal or TokenType.UserDefined;

    /// <summary>The token with this piece, whatever its type.</summary>
    public int? Find(string piece) => _ids.TryFind(Encoding.UTF8.GetBytes(piece), out int id) ? id : null;

    /// <summary>
    /// The token that text spelled like this can become. A control token is none of those: what a user writes must not turn into it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryFindText(ReadOnlySpan<byte> piece, out int id) => _ids.TryFind(piece, out id) && IsText(id);

    /// <summary>The byte of a token of type <see cref="TokenType.Byte"/>.</summary>
    public byte ByteOf(int id) => _bytes[_starts[id]];

    /// <summary>The tokens that text with special tokens names by their pieces: user-defined ones, and, if wanted, control and unknown ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public List<int> Special(bool withControl)
    {
        List<int> ids = [];
        for (int id = 0; id < _types.Length; id++)
        {
            if (_types[id] == TokenType.UserDefined || (withControl && _types[id] is TokenType.Control or TokenType.Unknown))
            {
                ids.Add(id);
            }
        }
        return ids;
    }

    private static Vocabulary Read(GgufMetadata metadata, bool isByteLevel)
    {
        GgufStrings pieces = metadata.GetStringBytes(TokenizerKeys.Tokens);
        if (pieces.Count == 0)
        {
            throw InvalidVocabulary.Because($"the list of tokens ({TokenizerKeys.Tokens}) is empty");
        }
        return new Vocabulary(pieces, ReadTypes(metadata, pieces.Count), isByteLevel);
    }

    // Without the key every token is ordinary text, but for those known by their text.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
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
            if (types[id] is < TokenType.Normal or > TokenType.Byte)
            {
                throw InvalidVocabulary.Because($"{TokenizerKeys.TokenType} gives token {id} the type {numbers[id]}; types are 1 to 6");
            }
        }
        return types;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void ReadBytes(bool isByteLevel)
    {
        int end = 0;
        for (int id = 0; id < _types.Length; id++)
        {
            ReadOnlySpan<byte> piece = _pieces[id];
            Span<byte> bytes = _bytes.AsSpan(end);
            end += _types[id] switch
            {
                TokenType.Normal when isByteLevel => ByteAlphabet.Read(piece, bytes),
                TokenType.Normal or TokenType.UserDefined when !isByteLevel => ReadSpaced(piece, bytes),
                TokenType.UserDefined => Copy(piece, bytes),
                TokenType.Byte => Copy([ParseByte(piece)], bytes),
                _ => 0,
            };
            _starts[id + 1] = end;
            LongestPiece = Math.Max(LongestPiece, piece.Length);
        }
    }

    private static int Copy(ReadOnlySpan<byte> piece, Span<byte> bytes)
    {
        piece.CopyTo(bytes);
        return piece.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static int ReadSpaced(ReadOnlySpan<byte> piece, Span<byte> bytes)
    {
        int length = 0;
        for (int at = 0; at < piece.Length;)
        {
            bool isSpace = piece[at..].StartsWith("\u2581"u8);
            bytes[length++] = isSpace ? (byte)' ' : piece[at];
            at += isSpace ? 3 : 1;
        }
        return length;
    }

    private static byte ParseByte(ReadOnlySpan<byte> piece)
    {
        bool framed = piece.Length == 6 && piece.StartsWith("<0x"u8) && piece[5] == '>';
        if (!framed || !byte.TryParse(piece.Slice(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
        {
            throw InvalidVocabulary.Because($"the byte token '{Encoding.UTF8.GetString(piece)}' is not spelled like <0x0A>");
        }
        return value;
    }
}
