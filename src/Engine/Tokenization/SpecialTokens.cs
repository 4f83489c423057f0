using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tokenization;

/// <summary>The tokens that a file names by key, and what is done with them.</summary>
internal sealed class SpecialTokens
{
    private readonly HashSet<int> _endOfGeneration;

    private SpecialTokens(int? bos, int? eos, int? unknown, IEnumerable<int> endOfGeneration)
    {
        Bos = bos;
        Eos = eos;
        Unknown = unknown;
        _endOfGeneration = [.. endOfGeneration];
    }

    /// <summary>Token that begins a text; null if the model has none.</summary>
    public int? Bos { get; }

    /// <summary>Token that ends a text; null if the model has none.</summary>
    public int? Eos { get; }

    /// <summary>Token of text that the vocabulary cannot spell; null if the model has none.</summary>
    public int? Unknown { get; }

    /// <summary>Whether <see cref="Bos"/> is put before a text.</summary>
    public bool AddBos { get; private init; }

    /// <summary>Whether <see cref="Eos"/> is put after a text.</summary>
    public bool AddEos { get; private init; }

    /// <summary>Whether generation ends with this token.</summary>
    public bool IsEndOfGeneration(int id) => _endOfGeneration.Contains(id);

    /// <summary>Reads the keys.</summary>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="vocabulary">Its vocabulary.</param>
    /// <param name="defaults">Ids of BOS, EOS and the unknown token where the file does not name them.</param>
    /// <param name="addsBos">Whether BOS is put before a text where the file does not say.</param>
    /// <exception cref="TextEngineException">An id is outside the vocabulary, or a token is to be added that the file does not name.</exception>
    public static SpecialTokens Read(GgufMetadata metadata, Vocabulary vocabulary, (int Bos, int Eos, int Unknown)? defaults, bool addsBos)
    {
        int? bos = ReadId(metadata, vocabulary, TokenizerKeys.BosTokenId, defaults?.Bos);
        int? eos = ReadId(metadata, vocabulary, TokenizerKeys.EosTokenId, defaults?.Eos);
        int? eot = ReadId(metadata, vocabulary, TokenizerKeys.EotTokenId, null);
        int? eom = ReadId(metadata, vocabulary, TokenizerKeys.EomTokenId, null);
        int? unknown = ReadId(metadata, vocabulary, TokenizerKeys.UnknownTokenId, defaults?.Unknown);
        ReadId(metadata, vocabulary, TokenizerKeys.PaddingTokenId, null);
        IEnumerable<int> named = new[] { eos, eot, eom }.OfType<int>();
        return new SpecialTokens(bos, eos, unknown, named.Concat(EndOfGenerationTexts.Tokens(vocabulary)))
        {
            AddBos = ReadAdd(metadata, TokenizerKeys.AddBosToken, TokenizerKeys.BosTokenId, bos, addsBos),
            AddEos = ReadAdd(metadata, TokenizerKeys.AddEosToken, TokenizerKeys.EosTokenId, eos, fallback: false),
        };
    }

    /// <summary>
    /// Reads the keys of a <c>bert</c> tokenizer, whose texts stand between the tokens [CLS] and [SEP]: keys of their own name them, else those of BOS and
    /// EOS, else they have the numbers of BERT's published vocabularies. Both are added where the file does not say.
    /// </summary>
    /// <exception cref="TextEngineException">As for <see cref="Read"/>.</exception>
    public static SpecialTokens ReadWordPiece(GgufMetadata metadata, Vocabulary vocabulary)
    {
        int? cls = ReadId(metadata, vocabulary, TokenizerKeys.ClsTokenId, ReadId(metadata, vocabulary, TokenizerKeys.BosTokenId, 101));
        int? sep = ReadId(metadata, vocabulary, TokenizerKeys.SepTokenId, ReadId(metadata, vocabulary, TokenizerKeys.EosTokenId, 102));
        int? unknown = ReadId(metadata, vocabulary, TokenizerKeys.UnknownTokenId, 100);
        ReadId(metadata, vocabulary, TokenizerKeys.PaddingTokenId, null);
        return new SpecialTokens(cls, sep, unknown, [])
        {
            AddBos = ReadAdd(metadata, TokenizerKeys.AddBosToken, TokenizerKeys.ClsTokenId, cls, fallback: true),
            AddEos = ReadAdd(metadata, TokenizerKeys.AddEosToken, TokenizerKeys.SepTokenId, sep, fallback: true),
        };
    }

    private static int? ReadId(GgufMetadata metadata, Vocabulary vocabulary, string key, int? fallback)
    {
        if (!metadata.TryGetInt32(key, out int id))
        {
            return fallback < vocabulary.Count ? fallback : null;
        }
        if (id < 0 || id >= vocabulary.Count)
        {
            throw InvalidVocabulary.Because($"{key} is {id}, but tokens are numbered 0 to {vocabulary.Count - 1}");
        }
        return id;
    }

    private static bool ReadAdd(GgufMetadata metadata, string key, string idKey, int? id, bool fallback)
    {
        if (!metadata.TryGetBoolean(key, out bool add))
        {
            return fallback && id is not null;
        }
        if (add && id is null)
        {
            throw InvalidVocabulary.Because($"{key} is true, but {idKey} is missing");
        }
        return add;
    }
}
