namespace LocalLlm.Engine.Templates;

/// <summary>A template that can't be read or rendered, in whichever language. The message is one sentence and ends with the place.</summary>
public abstract class TemplateException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="line">Line of the template where it failed, from 1.</param>
    /// <param name="column">Column in that line, from 1, in UTF-16 code units.</param>
    /// <param name="innerException">What caused it, or null.</param>
    private protected TemplateException(string message, int line, int column, Exception? innerException)
        : base(message, innerException)
    {
        Line = line;
        Column = column;
    }

    /// <summary>Line of the template where it failed, from 1.</summary>
    public int Line { get; }

    /// <summary>Column in that line, from 1, in UTF-16 code units.</summary>
    public int Column { get; }

    /// <summary>A message that names the place behind a reason.</summary>
    private protected static string At(string reason, int line, int column) =>
        $"{char.ToUpperInvariant(reason[0])}{reason.AsSpan(1)} (line {line}, column {column} of the template).";
}
