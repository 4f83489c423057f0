using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Byte-level BPE (<c>gpt2</c>): text is cut into words by a <see cref="PreTokenizer"/>, a word's bytes are its first symbols, and the
/// file's merges join them, best rank first.
/// </summary>
internal sealed class BytePairEncoder : ISegmentEncoder
{
    private readonly Vocabulary _vocabulary;
    private readonly PreTokenizer _preTokenizer;
    private readonly MergeTable _merges;
    private readonly WordCache _cache = new();

    // Token of each byte; ~byte (negative) where the vocabulary has none.
    private readonly int[] _symbolOfByte = new int[256];

    /// <summary>Reads the merges of a file.</summary>
    /// <exception cref="GgufFormatException">There are none.</exception>
    /// <exception cref="TextEngineException">A merge is not two pieces with a space between.</exception>
    public BytePairEncoder(GgufMetadata metadata, Vocabulary vocabulary, PreTokenizer preTokenizer)
    {
        _vocabulary = vocabulary;
        _preTokenizer = preTokenizer;
        for (int value = 0; value < 256; value++)
        {
            _symbolOfByte[value] = vocabulary.TryFindText([ByteAlphabet.Letter((byte)value)], out int id) ? id : ~value;
        }
        _merges = ReadMerges(metadata.GetStrings(TokenizerKeys.Merges), vocabulary);
    }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<byte> text, List<int> output)
    {
        List<int> ends = [];
        _preTokenizer.Split(text, ends);
        PairMerger? merger = null;
        int start = 0;
        foreach (int end in ends)
        {
            ReadOnlySpan<byte> word = text[start..end];
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
    }

    private void EncodeWord(ReadOnlySpan<byte> word, PairMerger merger, List<int> output)
    {
        if (_preTokenizer.TakesWholeWords && TryFindWord(word, out int whole))
        {
            output.Add(whole);
            return;
        }
        merger.Symbols.Clear();
        foreach (byte value in word)
        {
            merger.Symbols.Add(_symbolOfByte[value]);
        }
        merger.Merge();
        foreach (int symbol in merger.Symbols)
        {
            // A vocabulary may lack bytes that its training text had none of (SmolLM2's lacks 21). Tokenizers of this kind have no
            // token to say so with: they leave such a byte out, and so do llama.cpp and Hugging Face.
            if (symbol >= 0)
            {
                output.Add(symbol);
            }
        }
    }

    private bool TryFindWord(ReadOnlySpan<byte> word, out int id)
    {
        id = 0;
        if (word.Length > _vocabulary.LongestPiece)
        {
            return false;
        }
        const int OnStack = 256;
        Span<char> letters = word.Length <= OnStack ? stackalloc char[OnStack] : new char[word.Length];
        ByteAlphabet.Spell(word, letters);
        return _vocabulary.TryFindText(letters[..word.Length], out id);
    }

    private static MergeTable ReadMerges(string[] merges, Vocabulary vocabulary)
    {
        MergeTable table = new(merges.Length);
        for (int rank = 0; rank < merges.Length; rank++)
        {
            // The space that parts the two is the first one that has something before it: a piece may itself begin with a space.
            string merge = merges[rank];
            int space = merge.Length < 3 ? -1 : merge.IndexOf(' ', 1);
            if (space < 0 || space == merge.Length - 1)
            {
                throw InvalidVocabulary.Because($"merge {rank} of {TokenizerKeys.Merges}, '{merge}', is not two pieces with a space between");
            }
            ReadOnlySpan<char> left = merge.AsSpan(0, space);
            ReadOnlySpan<char> right = merge.AsSpan(space + 1);
            // A merge of or into something that is no token could never be given out: Hugging Face refuses such files, llama.cpp keeps
            // the merge and falls apart into bytes again. Leaving it out gives the tokens of every published vocabulary.
            if (vocabulary.TryFindText(left, out int leftId)
                && vocabulary.TryFindText(right, out int rightId)
                && vocabulary.TryFindText(string.Concat(left, right), out int joined))
            {
                table.Add(new SymbolPair(leftId, rightId), new Merge((uint)rank, joined));
            }
        }
        return table;
    }
}
