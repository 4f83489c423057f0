using System.Text;

namespace LocalLlm.Gguf.Tests;

/// <summary>
/// Puts bytes together as the format's description says, and knows no rule of it: what the reader is held against must not come from the
/// product's own writer, and hostile files must be possible.
/// </summary>
internal sealed class RawGguf
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public byte[] ToArray() => _bytes.ToArray();

    public RawGguf Bytes(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public RawGguf U32(uint value) => Bytes((byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24));

    public RawGguf U64(ulong value) => U32((uint)value).U32((uint)(value >> 32));

    public RawGguf Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public RawGguf Text(byte[] text) => U64((ulong)text.Length).Bytes(text);

    public RawGguf Header(ulong tensors, ulong keys, uint version = 3) => Bytes("GGUF"u8.ToArray()).U32(version).U64(tensors).U64(keys);

    /// <summary>Key and type of an entry; the value is for the caller to append.</summary>
    public RawGguf Key(string key, uint type) => Text(key).U32(type);

    public RawGguf Tensor(string name, GgmlType type, ulong offset, params ulong[] dimensions)
    {
        Text(name).U32((uint)dimensions.Length);
        foreach (ulong extent in dimensions)
        {
            U64(extent);
        }
        return U32((uint)type).U64(offset);
    }

    public RawGguf Pad(int alignment = 32) => Bytes(new byte[(alignment - (Length % alignment)) % alignment]);

    /// <summary>A small valid file: four keys (a nested array among them) and three tensors.</summary>
    public static RawGguf Small(uint version = 3) => new RawGguf()
        .Header(tensors: 3, keys: 5, version)
        .Key("general.architecture", 8).Text("llama")
        .Key("llama.block_count", 4).U32(2)
        .Key("tokenizer.ggml.tokens", 9).U32(8).U64(3).Text("a").Text("").Text([0xFF, 0xC3])
        .Key("flags", 9).U32(7).U64(2).Bytes(1, 0)
        .Key("nested", 9).U32(9).U64(2).U32(0).U64(2).Bytes(7, 8).U32(8).U64(1).Text("z")
        .Tensor("a.weight", GgmlType.F32, 0, 2, 3)
        .Tensor("b.weight", GgmlType.Q8_0, 32, 32)
        .Tensor("c", GgmlType.F16, 96)
        .Pad()
        .Bytes([.. Enumerable.Range(1, 24).Select(i => (byte)i)]).Pad()
        .Bytes([.. Enumerable.Range(101, 34).Select(i => (byte)i)]).Pad()
        .Bytes(0x00, 0x3C);
}
