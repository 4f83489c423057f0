using System.Globalization;
using System.Runtime.InteropServices;

namespace LocalLlm.Kernels;

/// <summary>
/// The memory of the KV cache, in blocks of <see cref="BlockPositions"/> positions. A block is one contiguous piece that holds the keys and
/// values of all layers: first <c>keys [kvHead][32][keyLength]</c>, then <c>values [kvHead][32][valueLength]</c>, layer after layer; the
/// scales of a quantized cache stand behind each head's 32 rows. Which sequence owns which block is the engine's business; the pool is memory
/// and addresses.
/// </summary>
/// <remarks>
/// The memory is allocated at once and never cleared. The C library takes pieces of this size fresh from the system, which backs a page
/// only when it is first written: a pool sized for the whole context costs resident memory only for the blocks that were used.
/// </remarks>
public sealed unsafe class KvPool : IDisposable
{
    /// <summary>Positions in a block: the unit in which sequences get memory and share prefixes.</summary>
    public const int BlockPositions = 32;

    // A cache line and a 512-bit register. A head's piece of a block is a multiple of 64 bytes (32 positions of an even number of bytes), so
    // every address that Keys and Values give is aligned once the first is.
    private const int Alignment = 64;

    private readonly long _keyBytes;   // one kv head's keys of one layer in one block
    private readonly long _valueBytes; // the same of values
    private readonly long _layerBytes;
    private byte* _memory;

    /// <summary>Reserves the memory.</summary>
    /// <param name="layers">Transformer blocks that have attention.</param>
    /// <param name="kvHeads">Key/value heads of a layer.</param>
    /// <param name="keyLength">Numbers in one head's key.</param>
    /// <param name="valueLength">Numbers in one head's value; may differ from <paramref name="keyLength"/>.</param>
    /// <param name="type">How a number is stored.</param>
    /// <param name="blocks">Blocks of <see cref="BlockPositions"/> positions.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is less than 1, or the type is none.</exception>
    /// <exception cref="InsufficientMemoryException">The system will not give that much memory.</exception>
    public KvPool(int layers, int kvHeads, int keyLength, int valueLength, KvType type, int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(kvHeads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keyLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(valueLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        (Layers, KvHeads, KeyLength, ValueLength, Type, Blocks) = (layers, kvHeads, keyLength, valueLength, type, blocks);

        // A piece stays below 2^38 bytes, but all factors together can pass 2^64: decided in 128 bits before anything is narrowed.
        (_keyBytes, _valueBytes) = (PieceBytes(type, keyLength), PieceBytes(type, valueLength));
        UInt128 layerBytes = (UInt128)kvHeads * ((ulong)_keyBytes + (ulong)_valueBytes);
        UInt128 blockBytes = layerBytes * (uint)layers;
        UInt128 bytes = blockBytes * (uint)blocks;
        if (bytes > (UInt128)nint.MaxValue)
        {
            throw new InsufficientMemoryException(TooBig(bytes));
        }
        _layerBytes = (long)layerBytes;
        BytesPerBlock = (long)blockBytes;
        try
        {
            _memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        }
        catch (OutOfMemoryException cause)
        {
            throw new InsufficientMemoryException(TooBig(bytes), cause);
        }
    }

    /// <summary>Layers in a block.</summary>
    public int Layers { get; }

    /// <summary>Key/value heads of a layer.</summary>
    public int KvHeads { get; }

    /// <summary>Numbers in one head's key.</summary>
    public int KeyLength { get; }

    /// <summary>Numbers in one head's value.</summary>
    public int ValueLength { get; }

    /// <summary>How a number is stored.</summary>
    public KvType Type { get; }

    /// <summary>Blocks in the pool; their numbers are 0..Blocks-1.</summary>
    public int Blocks { get; }

    /// <summary>Bytes of one block, all layers together.</summary>
    public long BytesPerBlock { get; }

    /// <summary>Bytes that the keys or values of one head take in a block.</summary>
    /// <param name="type">How a number is stored.</param>
    /// <param name="length">Numbers in one key or value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is none.</exception>
    public static long PieceBytes(KvType type, int length) => BlockPositions * type switch
    {
        KvType.F16 => 2L * length,
        KvType.F32 => 4L * length,
        KvType.Q8_0 => length + (length % 2) + (2L * Q8KvFormat.BlocksOf(length)), // even, for the alignment
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "The KV cache stores F16, F32 or Q8_0."),
    };

    /// <summary>The keys of one head in one block: [32, KeyLength] numbers of <see cref="Type"/>, 64-byte aligned. Arguments are not checked.</summary>
    public byte* Keys(int layer, int block, int head) => _memory + (block * BytesPerBlock) + (layer * _layerBytes) + (head * _keyBytes);

    /// <summary>The values of one head in one block: [32, ValueLength] numbers of <see cref="Type"/>, 64-byte aligned. Arguments are not checked.</summary>
    public byte* Values(int layer, int block, int head) =>
        _memory + (block * BytesPerBlock) + (layer * _layerBytes) + (KvHeads * _keyBytes) + (head * _valueBytes);

    /// <summary>Copies all of a block. Arguments are not checked.</summary>
    public void Copy(int from, int to) =>
        Buffer.MemoryCopy(_memory + (from * BytesPerBlock), _memory + (to * BytesPerBlock), BytesPerBlock, BytesPerBlock);

    /// <summary>Gives the memory back; every address from this pool is invalid from then on.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    private string TooBig(UInt128 bytes) => string.Create(
        CultureInfo.InvariantCulture,
        $"The KV cache needs {bytes} bytes ({Blocks} blocks of {BlockPositions} positions, {Layers} layers, {Type}), which the system will not give; use a smaller context, fewer parallel sequences or a smaller type.");
}
