using System.Text;

namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>Text in the making, charged to a rendering before it grows.</summary>
internal sealed class TextBuilder(Meter meter, int maxLength = int.MaxValue)
{
    private readonly StringBuilder _text = new();

    /// <summary>Length so far, in UTF-16 code units.</summary>
    public int Length => _text.Length;

    /// <summary>Adds text.</summary>
    public TextBuilder Append(ReadOnlySpan<char> text)
    {
        Grow(text.Length);
        _text.Append(text);
        return this;
    }

    /// <summary>Adds a UTF-16 code unit, repeated.</summary>
    public TextBuilder Append(char character, long count = 1)
    {
        if (count > 0)
        {
            Grow(count);
            _text.Append(character, checked((int)count));
        }
        return this;
    }

    /// <summary>The text so far.</summary>
    public override string ToString() => _text.ToString();

    private void Grow(long count)
    {
        meter.AllocateText(count);
        if (count > maxLength - _text.Length)
        {
            throw new TemplateError($"the rendered text is longer than {maxLength} characters");
        }
    }
}
