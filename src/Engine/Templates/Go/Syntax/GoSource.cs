namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>A template's source, exactly as written: Go changes nothing of it.</summary>
internal sealed class GoSource(string text)
{
    /// <summary>The text.</summary>
    public string Text => text;

    /// <summary>The exception for a mistake or failure at an offset.</summary>
    public GoTemplateException Error(string reason, int offset, Exception? innerException = null)
    {
        ReadOnlySpan<char> before = text.AsSpan(0, Math.Min(offset, text.Length));
        return new GoTemplateException(reason, before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'), innerException);
    }
}
