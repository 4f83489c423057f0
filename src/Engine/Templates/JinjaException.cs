namespace LocalLlm.Engine.Templates;

/// <summary>A template that can't be read or rendered. The message is one sentence and ends with the place, unless the template itself worded it.</summary>
public sealed class JinjaException : Exception
{
    /// <summary>Makes the exception; the place is added to the reason.</summary>
    internal JinjaException(string reason, int line, int column, Exception? innerException = null)
        : this($"{char.ToUpperInvariant(reason[0])}{reason.AsSpan(1)} (line {line}, column {column} of the template).", line, column, raisedByTemplate: false, innerException)
    {
    }

    private JinjaException(string message, int line, int column, bool raisedByTemplate, Exception? innerException)
        : base(message, innerException)
    {
        Line = line;
        Column = column;
        RaisedByTemplate = raisedByTemplate;
    }

    /// <summary>Line of the template where it failed, from 1.</summary>
    public int Line { get; }

    /// <summary>Column in that line, from 1, in UTF-16 code units.</summary>
    public int Column { get; }

    /// <summary>True if the template called <c>raise_exception</c>; the message is then what it said, word for word.</summary>
    public bool RaisedByTemplate { get; }

    /// <summary>The exception for a template that called <c>raise_exception</c>: its words alone.</summary>
    internal static JinjaException Raised(string message, int line, int column, Exception innerException) =>
        new(message, line, column, raisedByTemplate: true, innerException);
}
