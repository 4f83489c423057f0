using System.Buffers.Binary;
using System.Text;

namespace LocalLlm.Tests;

/// <summary>Writes safetensors files byte by byte, right ones and wrong ones, from the format's description alone.</summary>
internal static class RawSafetensors
{
    /// <summary>A file with this header and this much data.</summary>
    public static byte[] File(string header, int dataBytes) => File(Encoding.UTF8.GetBytes(header), new byte[dataBytes]);

    /// <summary>A file with this header and this data.</summary>
    public static byte[] File(byte[] header, byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        return [.. length, .. header, .. data];
    }

    /// <summary>What a header says of one tensor.</summary>
    public static string Entry(string name, string dtype, string shape, long start, long end) =>
        $$"""
        "{{name}}":{"dtype":"{{dtype}}","shape":[{{shape}}],"data_offsets":[{{start}},{{end}}]}
        """;
}
