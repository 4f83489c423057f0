using System.Buffers;
using System.Text;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Text to tokens and back, from the vocabulary in a model's file: byte-level BPE (<c>tokenizer.ggml.model</c> = <c>gpt2</c>),
/// SentencePiece's BPE (<c>llama</c>) and BERT's WordPiece (<c>bert</c>). Immutable; any number of threads may use one.
/// </summary>
public sealed class Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly SpecialTokens _special;
    private readonly ISegmentEncoder _encoder;
    private readonly bool _addSpacePrefix;

    // User-defined tokens are taken whole in any text; control and unknown tokens too where special tokens are parsed.
    private readonly SpecialTokenMatcher _userDefined;
    private readonly SpecialTokenMatcher _allSpecial;

    private Tokenizer(Vocabulary vocabulary, SpecialTokens special, ISegmentEncoder encoder, bool addSpacePrefix)
    {
        _vocabulary = vocabulary;
        _special = special;
        _encoder = encoder;
        _addSpacePrefix = addSpacePrefix;
        _userDefined = new SpecialTokenMatcher(vocabulary, vocabulary.Special(withControl: false));
        _allSpecial = new SpecialTokenMatcher(vocabulary, vocabulary.Special(withControl: true));
    }

    /// <summary>Number of tokens; ids are 0 to one less.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <summary>Token that begins a text; null if the model has none.</summary>
    public int? BosToken => _special.Bos;

    /// <summary>Token that ends a text; null if the model has none.</summary>
    public int? EosToken => _special.Eos;

    /// <summary>Whether the model wants <see cref="BosToken"/> before a text.</summary>
    public bool AddBos => _special.AddBos;

    /// <summary>Whether the model wants <see cref="EosToken"/> after a text.</summary>
    public bool AddEos => _special.AddEos;

    /// <summary>Makes the tokenizer of a file. A <c>gpt2</c> tokenizer without <c>tokenizer.ggml.pre</c> (files before 2024) is of the kind <c>default</c>.</summary>
    /// <exception cref="TextEngineException">The tokenizer is of a kind that is not supported, or the vocabulary contradicts itself.</exception>
    /// <exception cref="GgufFormatException">A key is missing or of the wrong type.</exception>
    public static Tokenizer Load(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        string model = metadata.GetString(TokenizerKeys.Model);
        return model switch
        {
            "gpt2" => LoadBytePair(metadata),
            "llama" => LoadSentencePiece(metadata),
            "bert" => LoadWordPiece(metadata),
            _ => throw new TextEngineException(
                TextEngineErrorKind.InvalidModel,
                $"The model's tokenizer is of the kind '{model}' ({TokenizerKeys.Model}); supported are gpt2, llama and bert."),
        };
    }

    /// <summary>The tokens of a text. Unpaired surrogates count as U+FFFD.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Puts BOS before and EOS after, if the model wants them (<see cref="AddBos"/>, <see cref="AddEos"/>).</param>
    /// <param name="parseSpecial">
    /// Whether text that spells a control token becomes that token: true for rendered templates, false for what users wrote.
    /// Tokens that were added to the vocabulary as text are taken whole either way.
    /// </param>
    public int[] Encode(string text, bool addSpecial, bool parseSpecial)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetByteCount(text));
        int length = Encoding.UTF8.GetBytes(text, rented);
        List<int> output = new((length / 3) + 2);
        if (addSpecial && AddBos && BosToken is { } bos)
        {
            output.Add(bos);
        }
        EncodeBytes(rented.AsSpan(0, length), parseSpecial ? _allSpecial : _userDefined, output);
        if (addSpecial && AddEos && EosToken is { } eos)
        {
            output.Add(eos);
        }
        ArrayPool<byte>.Shared.Return(rented);
        return [.. output];
    }

    /// <summary>
    /// The text of tokens; bytes that are not UTF-8 read as U+FFFD. The space that a SentencePiece tokenizer puts before a text, and
    /// after every special token, is taken away again; so are spaces that WordPiece leaves between words and punctuation.
    /// </summary>
    /// <param name="tokens">Token ids.</param>
    /// <param name="skipSpecial">Leaves control tokens out instead of spelling them.</param>
    /// <exception cref="TextEngineException">An id is outside the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> tokens, bool skipSpecial = false)
    {
        ArrayBufferWriter<byte> bytes = new(Math.Max(tokens.Length * 4, 1));
        bool segmentStart = true;
        foreach (int token in tokens)
        {
            CheckId(token);
            if (IsControl(token))
            {
                bytes.Write(skipSpecial ? [] : _vocabulary.PieceBytes(token));
                segmentStart = true;
                continue;
            }
            ReadOnlySpan<byte> text = _vocabulary.Bytes(token);
            bool userDefined = _vocabulary.Type(token) == TokenType.UserDefined;
            bool prefixed = _addSpacePrefix && segmentStart && !userDefined && text.StartsWith(" "u8);
            bytes.Write(prefixed ? text[1..] : text);
            segmentStart = userDefined;
        }
        string decoded = Encoding.UTF8.GetString(bytes.WrittenSpan);
        return _encoder is WordPieceEncoder ? BertText.CloseUp(decoded) : decoded;
    }

    /// <summary>
    /// The bytes that a token puts into text, perhaps part of a character (<see cref="Utf8StreamDecoder"/> joins them). Control,
    /// unknown and unused tokens put none.
    /// </summary>
    /// <exception cref="TextEngineException">The id is outside the vocabulary.</exception>
    public ReadOnlySpan<byte> Bytes(int token)
    {
        CheckId(token);
        return _vocabulary.Bytes(token);
    }

    /// <summary>Whether a token has no text of its own: control tokens and the unknown token.</summary>
    public bool IsControl(int token) => _vocabulary.Type(token) is TokenType.Control or TokenType.Unknown;

    /// <summary>Whether generation ends with this token: end of text, of turn or of message, by the file's keys or by well-known text.</summary>
    public bool IsEndOfGeneration(int token) => _special.IsEndOfGeneration(token);

    /// <summary>A token as the file spells it: <c>&lt;|im_end|&gt;</c>, but also <c>Ġthe</c>.</summary>
    /// <exception cref="TextEngineException">The id is outside the vocabulary.</exception>
    public string Piece(int token)
    {
        CheckId(token);
        return _vocabulary.Piece(token);
    }

    /// <summary>The token that the file spells so; null if there is none.</summary>
    public int? Find(string piece) => _vocabulary.Find(piece);

    /// <summary>Refuses an id outside the vocabulary.</summary>
    /// <exception cref="TextEngineException">It is.</exception>
    public void CheckId(int token)
    {
        if ((uint)token >= (uint)_vocabulary.Count)
        {
            throw new TextEngineException(
                TextEngineErrorKind.InvalidRequest,
                $"Token {token} does not exist: the model's tokens are numbered 0 to {_vocabulary.Count - 1}.");
        }
    }

    private static Tokenizer LoadBytePair(GgufMetadata metadata)
    {
        string name = metadata.GetString(TokenizerKeys.Pre, "default")!;
        if (!PreTokenizer.TryGet(name, out PreTokenizer? preTokenizer))
        {
            throw new TextEngineException(
                TextEngineErrorKind.InvalidModel,
                $"The model's pre-tokenizer '{name}' ({TokenizerKeys.Pre}) is not supported; supported are {string.Join(", ", PreTokenizer.Names)}.");
        }
        Vocabulary vocabulary = Vocabulary.ReadByteLevel(metadata);
        SpecialTokens special = SpecialTokens.Read(metadata, vocabulary, defaults: null, preTokenizer.AddsBos);
        return new Tokenizer(vocabulary, special, new BytePairEncoder(metadata, vocabulary, preTokenizer), addSpacePrefix: false);
    }

    private static Tokenizer LoadSentencePiece(GgufMetadata metadata)
    {
        Vocabulary vocabulary = Vocabulary.ReadSentencePiece(metadata);
        SpecialTokens special = SpecialTokens.Read(metadata, vocabulary, defaults: (Bos: 1, Eos: 2, Unknown: 0), addsBos: true);
        bool addSpacePrefix = metadata.GetBoolean(TokenizerKeys.AddSpacePrefix, true);
        SentencePieceEncoder encoder = new(metadata, vocabulary, special.Unknown, addSpacePrefix);
        return new Tokenizer(vocabulary, special, encoder, addSpacePrefix);
    }

    private static Tokenizer LoadWordPiece(GgufMetadata metadata)
    {
        // Word starts are spelled with the same letter as SentencePiece's spaces, and read back as one.
        Vocabulary vocabulary = Vocabulary.ReadSentencePiece(metadata);
        SpecialTokens special = SpecialTokens.ReadWordPiece(metadata, vocabulary);
        int unknown = special.Unknown ?? throw InvalidVocabulary.Because($"a bert tokenizer needs a token for unknown words, and {TokenizerKeys.UnknownTokenId} is missing");
        return new Tokenizer(vocabulary, special, new WordPieceEncoder(vocabulary, unknown), addSpacePrefix: true);
    }

    private void EncodeBytes(ReadOnlySpan<byte> text, SpecialTokenMatcher matcher, List<int> output)
    {
        for (int start = 0; start < text.Length;)
        {
            bool found = matcher.TryFind(text, start, out int at, out int length, out int token);
            if (at > start)
            {
                _encoder.Encode(text[start..at], output);
            }
            if (found)
            {
                output.Add(token);
            }
            start = at + length;
        }
    }
}
