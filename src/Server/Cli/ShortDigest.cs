namespace LocalLlm.Server.Cli;

/// <summary>Digests as lists show them.</summary>
internal static class ShortDigest
{
    private const int Digits = 12;
    private const string Prefix = "sha256:";

    /// <summary>The first 12 hexadecimal digits.</summary>
    public static string Of(string digest)
    {
        string digits = digest.StartsWith(Prefix, StringComparison.Ordinal) ? digest[Prefix.Length..] : digest;
        return digits.Length > Digits ? digits[..Digits] : digits;
    }
}
