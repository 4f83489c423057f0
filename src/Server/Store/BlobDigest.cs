using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace LocalLlm.Server.Store;

/// <summary>What a blob is known by: the SHA-256 of its bytes.</summary>
internal readonly record struct BlobDigest
{
    private const string Algorithm = "sha256";
    private const int HexDigits = 2 * SHA256.HashSizeInBytes;
    private const int BufferBytes = 1 << 20;

    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdefABCDEF");

    private BlobDigest(string hex) => Hex = hex;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Hex { get; }

    /// <summary>Name of the blob's file: <c>sha256-</c> and the digits.</summary>
    public string FileName => $"{Algorithm}-{Hex}";

    /// <summary>The first 12 digits, which stand for it in lists.</summary>
    public string Short => Hex[..12];

    /// <summary>Reads <c>sha256:</c> or <c>sha256-</c> and 64 hexadecimal digits.</summary>
    /// <returns>False if the text is no such digest.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out BlobDigest digest)
    {
        digest = default;
        if (text is null || text.Length != Algorithm.Length + 1 + HexDigits || !text.StartsWith(Algorithm, StringComparison.Ordinal) || text[Algorithm.Length] is not (':' or '-'))
        {
            return false;
        }
        string hex = text[(Algorithm.Length + 1)..];
        if (hex.AsSpan().ContainsAnyExcept(s_hex))
        {
            return false;
        }
        digest = new BlobDigest(hex.ToLowerInvariant());
        return true;
    }

    /// <summary>The digest of bytes in memory.</summary>
    public static BlobDigest Of(ReadOnlySpan<byte> bytes) => OfHash(SHA256.HashData(bytes));

    /// <summary>The digest that a finished SHA-256 stands for.</summary>
    /// <param name="hash">32 bytes.</param>
    public static BlobDigest OfHash(ReadOnlySpan<byte> hash) => new(Convert.ToHexStringLower(hash));

    /// <summary>The digest of a file's bytes.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static BlobDigest OfFile(string path, CancellationToken cancellationToken = default)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        return Of(file, cancellationToken);
    }

    /// <summary>The digest of a stream from where it stands to its end.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static BlobDigest Of(Stream stream, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (stream.Read(buffer) is int read and > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
            }
            return OfHash(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>As manifests write it: <c>sha256:</c> and the digits.</summary>
    public override string ToString() => $"{Algorithm}:{Hex}";
}
