using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
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
        Span<byte> letter = stackalloc byte[ByteAlphabet.MostBytes];
        for (int value = 0; value < 256; value++)
        {
            int length = ByteAlphabet.Spell([(byte)value], letter);
            _symbolOfByte[value] = vocabulary.TryFindText(letter[..length], out int id) ? id : ~value;
        }
        _merges = ReadMerges(metadata.GetStringBytes(TokenizerKeys.Merges), vocabulary);
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
        Span<byte> letters = word.Length <= OnStack ? stackalloc byte[OnStack * ByteAlphabet.MostBytes] : new byte[word.Length * ByteAlphabet.MostBytes];
        return _vocabulary.TryFindText(letters[..ByteAlphabet.Spell(word, letters)], out id);
    }

    // A vocabulary has as many merges as tokens, and they are read before the runtime has compiled anything twice.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static MergeTable ReadMerges(GgufStrings merges, Vocabulary vocabulary)
    {
        MergeTable table = new(merges.Count);
        byte[] both = [];
        int joined = -1;
        for (int rank = 0; rank < merges.Count; rank++)
        {
            // The space that parts the two is the first one that has something before it: a piece may itself begin with a space.
            ReadOnlySpan<byte> merge = merges[rank];
            int space = merge.Length < 3 ? -1 : merge[1..].IndexOf((byte)' ') + 1;
            if (space < 1 || space == merge.Length - 1)
            {
                throw InvalidVocabulary.Because($"merge {rank} of {TokenizerKeys.Merges}, '{Encoding.UTF8.GetString(merge)}', is not two pieces with a space between");
            }
            ReadOnlySpan<byte> left = merge[..space], right = merge[(space + 1)..];
            if (both.Length < merge.Length)
            {
                both = new byte[2 * merge.Length];
            }
            left.CopyTo(both);
            right.CopyTo(both.AsSpan(left.Length));
            ReadOnlySpan<byte> whole = both.AsSpan(0, merge.Length - 1);
            // A merge of or into something that is no token could never be given out: Hugging Face refuses such files, llama.cpp keeps
            // the merge and falls apart into bytes again. Leaving it out gives the tokens of every published vocabulary.
            if (vocabulary.TryFindText(left, out int leftId)
                && vocabulary.TryFindText(right, out int rightId)
                && TryFindAfter(vocabulary, joined, whole, out joined))
            {
                table.Add(new SymbolPair(leftId, rightId), new Merge((uint)rank, joined));
            }
        }
        return table;
    }

    /// <summary>Finds a token, first where it most often is: trainers number tokens in the order of their merges.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryFindAfter(Vocabulary vocabulary, int previous, ReadOnlySpan<byte> piece, out int id)
    {
        id = previous + 1;
        return (id < vocabulary.Count && vocabulary.PieceBytes(id).SequenceEqual(piece) && vocabulary.IsText(id)) || vocabulary.TryFindText(piece, out id);
    }
}
