using System.Buffers;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Finds tokens that are taken whole in UTF-8 text: the first place where one begins, and the longest there. A trie over bytes behind a
/// vectorised search for first bytes, so that text without any costs next to nothing.
/// </summary>
internal sealed class SpecialTokenMatcher
{
    private const int Root = 0;
    private const int NoToken = -1;

    private readonly Dictionary<(int Node, byte Next), int> _edges = [];
    private readonly List<int> _tokens = [NoToken];
    private readonly SearchValues<byte> _firstBytes;

    /// <summary>Makes a matcher of the tokens <paramref name="ids"/>, spelled as their pieces are.</summary>
    public SpecialTokenMatcher(Vocabulary vocabulary, List<int> ids)
    {
        foreach (int id in ids)
        {
            Add(vocabulary.PieceBytes(id), id);
        }
        _firstBytes = SearchValues.Create([.. _edges.Keys.Where(edge => edge.Node == Root).Select(edge => edge.Next)]);
    }

    /// <summary>The first match at or after <paramref name="from"/>; false if there is none.</summary>
    public bool TryFind(ReadOnlySpan<byte> text, int from, out int at, out int length, out int token)
    {
        for (at = from; at < text.Length; at++)
        {
            int skip = text[at..].IndexOfAny(_firstBytes);
            if (skip < 0)
            {
                break;
            }
            at += skip;
            if (TryMatch(text[at..], out length, out token))
            {
                return true;
            }
        }
        (at, length, token) = (text.Length, 0, NoToken);
        return false;
    }

    private bool TryMatch(ReadOnlySpan<byte> text, out int length, out int token)
    {
        (length, token) = (0, NoToken);
        int node = Root;
        for (int i = 0; i < text.Length && _edges.TryGetValue((node, text[i]), out node); i++)
        {
            if (_tokens[node] != NoToken)
            {
                (length, token) = (i + 1, _tokens[node]);
            }
        }
        return token != NoToken;
    }

    private void Add(ReadOnlySpan<byte> piece, int id)
    {
        if (piece.Length == 0)
        {
            return;
        }
        int node = Root;
        foreach (byte value in piece)
        {
            if (!_edges.TryGetValue((node, value), out int next))
            {
                next = _tokens.Count;
                _edges.Add((node, value), next);
                _tokens.Add(NoToken);
            }
            node = next;
        }
        _tokens[node] = id;
    }
}
