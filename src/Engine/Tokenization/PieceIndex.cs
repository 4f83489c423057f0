using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Tokens by the bytes that they are spelled with: a table of places to which pieces are hashed, each in the first free place at or after
/// its own. Made in one pass over the pieces as they lie in the file.
/// </summary>
internal sealed class PieceIndex
{
    private readonly GgufStrings _pieces;

    // (hash << 32) | id + 1; 0 is a free place. A power of two of places, at least a quarter of them free.
    private readonly ulong[] _places;

    /// <summary>Indexes pieces. Empty ones are left out: some converters leave places without a piece, and no text reaches them.</summary>
    /// <exception cref="TextEngineException">A piece stands twice.</exception>
    public PieceIndex(GgufStrings pieces)
    {
        _pieces = pieces;
        _places = new ulong[BitOperations.RoundUpToPowerOf2(((ulong)pieces.Count * 4 / 3) + 1)];
        AddAll();
    }

    /// <summary>The token with this piece; false if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public bool TryFind(ReadOnlySpan<byte> piece, out int id)
    {
        uint hash = SeededHash.Of(piece);
        int mask = _places.Length - 1;
        for (int place = (int)hash & mask; _places[place] != 0; place = (place + 1) & mask)
        {
            if ((uint)(_places[place] >> 32) == hash && _pieces[(int)(uint)_places[place] - 1].SequenceEqual(piece))
            {
                id = (int)(uint)_places[place] - 1;
                return true;
            }
        }
        id = 0;
        return false;
    }

    // Before the runtime has compiled anything twice: hundreds of thousands of rounds.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void AddAll()
    {
        int mask = _places.Length - 1;
        for (int id = 0; id < _pieces.Count; id++)
        {
            ReadOnlySpan<byte> piece = _pieces[id];
            if (piece.IsEmpty)
            {
                continue;
            }
            uint hash = SeededHash.Of(piece);
            int place = (int)hash & mask;
            for (; _places[place] != 0; place = (place + 1) & mask)
            {
                int other = (int)(uint)_places[place] - 1;
                if ((uint)(_places[place] >> 32) == hash && _pieces[other].SequenceEqual(piece))
                {
                    throw InvalidVocabulary.Because($"tokens {other} and {id} are both spelled '{Encoding.UTF8.GetString(piece)}'");
                }
            }
            _places[place] = ((ulong)hash << 32) | ((uint)id + 1);
        }
    }
}
