using System.Buffers.Binary;
using System.Text;

namespace LocalLlm.Server.Modelfiles;

/// <summary>The bytes of a Modelfile as text: UTF-8, or UTF-16 if a byte order mark says so (editors on Windows write that).</summary>
internal static class ModelfileEncoding
{
    /// <summary>The text of a file's bytes. What is no UTF-8 becomes U+FFFD, since old licences in other encodings shall not be in the way.</summary>
    /// <exception cref="ModelfileException">This is no text at all, but a model or another binary file.</exception>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        string text = bytes switch
        {
            [0xFF, 0xFE, ..] => Encoding.Unicode.GetString(bytes[2..]),
            [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode.GetString(bytes[2..]),
            [0xEF, 0xBB, 0xBF, ..] => Encoding.UTF8.GetString(bytes[3..]),
            _ => Encoding.UTF8.GetString(bytes),
        };
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ModelfileException(IsModel(bytes)
                ? "this is a GGUF model, not a Modelfile: write a file with the line \"FROM <path of the model>\" and give that"
                : "this is a binary file, not a Modelfile");
        }
        return text;
    }

    private static bool IsModel(ReadOnlySpan<byte> bytes) => bytes.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == 0x46554747; // "GGUF"
}
