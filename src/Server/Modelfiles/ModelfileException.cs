namespace LocalLlm.Server.Modelfiles;

/// <summary>A Modelfile that can't be read. The message is one sentence that begins with the line, as in Ollama: <c>(line 3): ...</c></summary>
internal sealed class ModelfileException : Exception
{
    /// <summary>Makes the exception for a mistake in a line.</summary>
    /// <param name="line">The line, from 1.</param>
    /// <param name="reason">What is wrong there and what to do.</param>
    public ModelfileException(int line, string reason)
        : base($"(line {line}): {reason}") => Line = line;

    /// <summary>Makes the exception for a mistake of the file as a whole.</summary>
    public ModelfileException(string message)
        : base(message)
    {
    }

    /// <summary>The line, from 1; 0 if the mistake is in none.</summary>
    public int Line { get; }
}
