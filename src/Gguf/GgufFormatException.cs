namespace LocalLlm.Gguf;

/// <summary>
/// A GGUF file cannot be read, or lacks what was asked of it. The message is one sentence that names the file and what is wrong; the
/// properties carry the same facts for programs.
/// </summary>
public sealed class GgufFormatException : Exception
{
    /// <summary>Makes the exception from a whole sentence.</summary>
    public GgufFormatException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>
    /// Makes the exception from its facts. The message reads "Cannot read 'path': problem (expected ..., found ..., at byte ...)."; facts
    /// that are null are left out.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong, a clause without a full stop.</param>
    /// <param name="offset">Byte offset in the file of what is wrong.</param>
    /// <param name="key">The metadata key or tensor name that is concerned.</param>
    /// <param name="expected">What would have been right.</param>
    /// <param name="found">What stands there.</param>
    public GgufFormatException(string? path, string problem, long? offset = null, string? key = null, string? expected = null, string? found = null)
        : base(Sentence(path, problem, offset, expected, found))
    {
        Offset = offset;
        Key = key;
        Expected = expected;
        Found = found;
    }

    /// <summary>Byte offset in the file of what is wrong, where one can be named.</summary>
    public long? Offset { get; }

    /// <summary>The metadata key or tensor name that is concerned, if any.</summary>
    public string? Key { get; }

    /// <summary>What would have been right, if it can be said.</summary>
    public string? Expected { get; }

    /// <summary>What was found instead, if anything.</summary>
    public string? Found { get; }

    /// <summary>
    /// A key or name from a file, fit for a message: in quotes, cut after 80 characters, control characters replaced. A hostile name may
    /// neither drown the sentence nor write escape sequences to a terminal.
    /// </summary>
    public static string Quote(string name)
    {
        const int Limit = 80;
        string visible = string.Concat(name.Take(Limit).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c));
        return name.Length > Limit ? $"'{visible}...'" : $"'{visible}'";
    }

    private static string Sentence(string? path, string problem, long? offset, string? expected, string? found)
    {
        string?[] facts =
        [
            expected is null ? null : "expected " + expected,
            found is null ? null : "found " + found,
            offset is null ? null : FormattableString.Invariant($"at byte {offset}"),
        ];
        string details = string.Join(", ", facts.Where(fact => fact is not null));
        string subject = path is null ? "Cannot use these GGUF metadata" : $"Cannot read '{path}'";
        return details.Length == 0 ? $"{subject}: {problem}." : $"{subject}: {problem} ({details}).";
    }
}
