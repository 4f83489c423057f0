namespace LocalLlm.Engine.Templates.Go;

/// <summary>A template in Go's language that can't be read or rendered. The message is one sentence and ends with the place.</summary>
public sealed class GoTemplateException : TemplateException
{
    /// <summary>Makes the exception; the place is added to the reason.</summary>
    internal GoTemplateException(string reason, int line, int column, Exception? innerException = null)
        : base(At(reason, line, column), line, column, innerException)
    {
    }
}
