using System.Runtime.InteropServices;
using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Synthesis;

/// <summary>
/// A byte-level vocabulary laid out as Qwen's: 256 bytes, one token for each merge, the special tokens, unused places. Its words are invented,
/// its size and the work that it gives are real. The same size gives the same vocabulary.
/// </summary>
internal sealed class SyntheticVocabulary
{
    // Qwen's special tokens in the order of their ids; those with bars are control tokens, the others are text that is always taken whole.
    private static readonly string[] Special =
    [
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
        "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
        "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
        "<tool_response>", "</tool_response>", "<think>", "</think>",
    ];

    // Qwen's embedding has 293 rows after its last merge, rounded up for the hardware that trained it.
    private const int MostUnused = 267;
    private const ulong Seed = 0x51_77_65_6E;

    // Only short pieces are joined further: words stay readable, and no draw is lost to words too long.
    private const int LongestPart = 5;

    private readonly List<string> _pieces = [];
    private readonly List<int> _types = [];
    private readonly List<string> _merges = [];

    /// <summary>Invents a vocabulary.</summary>
    /// <param name="size">Number of tokens, at least <see cref="SmallestSize"/>.</param>
    public SyntheticVocabulary(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, SmallestSize);
        int merges = Math.Max(0, size - SmallestSize - MostUnused);
        AddBytes();
        AddMerges(merges);
        EndOfText = _pieces.Count;
        Array.ForEach(Special, piece => Add(piece, piece.StartsWith("<|", StringComparison.Ordinal) ? TokenType.Control : TokenType.UserDefined));
        while (_pieces.Count < size)
        {
            Add($"[PAD{_pieces.Count}]", TokenType.Unused);
        }
    }

    /// <summary>Tokens that every vocabulary has: bytes and special tokens.</summary>
    public static int SmallestSize => 256 + Special.Length;

    /// <summary>The pieces by token id.</summary>
    public IReadOnlyList<string> Pieces => _pieces;

    /// <summary>A <see cref="TokenType"/> for each token.</summary>
    public ReadOnlySpan<int> Types => CollectionsMarshal.AsSpan(_types);

    /// <summary>The merges, best first. Both halves of each stand in the vocabulary before what they become.</summary>
    public IReadOnlyList<string> Merges => _merges;

    /// <summary>Id of <c>&lt;|endoftext|&gt;</c>; <c>&lt;|im_start|&gt;</c> and <c>&lt;|im_end|&gt;</c> follow.</summary>
    public int EndOfText { get; }

    /// <summary>Id of the token that ends a turn.</summary>
    public int EndOfTurn => EndOfText + 2;

    private void Add(string piece, TokenType type)
    {
        _pieces.Add(piece);
        _types.Add((int)type);
    }

    private void AddBytes()
    {
        char[] letters = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Letter((byte)value)).Order()];
        Array.ForEach(letters, letter => Add(letter.ToString(), TokenType.Normal));
    }

    private void AddMerges(int count)
    {
        Xoshiro256 random = new(Seed);
        HashSet<string> known = new(StringComparer.Ordinal);
        List<string> inner = [.. "abcdefghijklmnopqrstuvwxyz".Select(letter => letter.ToString())];
        List<string> starts = [ByteAlphabet.Letter((byte)' ').ToString(), .. inner];
        while (_merges.Count < count)
        {
            string left = starts[(int)(random.Next() % (ulong)starts.Count)];
            string right = inner[(int)(random.Next() % (ulong)inner.Count)];
            string joined = left + right;
            if (!known.Add(joined))
            {
                continue;
            }
            _merges.Add($"{left} {right}");
            Add(joined, TokenType.Normal);
            if (joined.Length <= LongestPart)
            {
                starts.Add(joined);
                if (char.IsAsciiLetter(joined[0]))
                {
                    inner.Add(joined);
                }
            }
        }
    }
}
