namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>A template's source with all line ends as <c>\n</c> and without the last one, as Jinja2 reads it. Offsets count in this text.</summary>
internal sealed class SourceText
{
    /// <summary>Takes a source as it was written.</summary>
    public SourceText(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        Text = text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>Line and column of an offset, from 1.</summary>
    public (int Line, int Column) Locate(int offset)
    {
        ReadOnlySpan<char> before = Text.AsSpan(0, Math.Min(offset, Text.Length));
        return (before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }

    /// <summary>The exception for a mistake at an offset.</summary>
    public JinjaException Error(string reason, int offset)
    {
        (int line, int column) = Locate(offset);
        return new JinjaException(reason, line, column);
    }
}
