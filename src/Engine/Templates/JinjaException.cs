namespace LocalLlm.Engine.Templates;

/// <summary>A Jinja template that can't be read or rendered. The message is one sentence and ends with the place, unless the template itself worded it.</summary>
public sealed class JinjaException : TemplateException
{
    /// <summary>Makes the exception; the place is added to the reason.</summary>
    internal JinjaException(string reason, int line, int column, Exception? innerException = null)
        : base(At(reason, line, column), line, column, innerException)
    {
    }

    private JinjaException(string message, int line, int column, bool raisedByTemplate, Exception? innerException)
        : base(message, line, column, innerException) => RaisedByTemplate = raisedByTemplate;

    /// <summary>True if the template called <c>raise_exception</c>; the message is then what it said, word for word.</summary>
    public bool RaisedByTemplate { get; }

    /// <summary>The exception for a template that called <c>raise_exception</c>: its words alone.</summary>
    internal static JinjaException Raised(string message, int line, int column, Exception innerException) =>
        new(message, line, column, raisedByTemplate: true, innerException);
}
