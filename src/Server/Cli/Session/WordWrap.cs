using System.Text;

namespace LocalLlm.Server.Cli.Session;

/// <summary>
/// Wraps words of a text that comes in pieces, and shows each piece at once: a word that turns out too long for its line is taken back (cursor left, erase
/// to the end of the line) and written again on the next one.
/// </summary>
/// <param name="writer">A terminal.</param>
/// <param name="columns">Its width; null writes the text as it comes.</param>
internal sealed class WordWrap(TextWriter writer, Func<int>? columns)
{
    /// <summary>Columns that are left free at the right.</summary>
    private const int Margin = 5;

    private readonly StringBuilder _word = new();
    private int _wordWidth;
    private int _column;

    /// <summary>Writes more of the text.</summary>
    public void Write(string text)
    {
        if (columns is null)
        {
            writer.Write(text);
            return;
        }
        StringBuilder output = new();
        int limit = Math.Max(columns() - Margin, 1);
        foreach (Rune rune in text.EnumerateRunes())
        {
            Append(output, rune, limit);
        }
        writer.Write(output.ToString());
    }

    private void Append(StringBuilder output, Rune rune, int limit)
    {
        if (rune.Value == '\n')
        {
            output.Append('\n');
            _column = 0;
            EndWord();
            return;
        }
        int width = CellWidth.Of(rune);
        bool isSpace = Rune.IsWhiteSpace(rune);
        if (_column + width > limit)
        {
            if (isSpace)
            {
                // A space at the end of a line is the break itself.
                output.Append('\n');
                _column = 0;
                EndWord();
                return;
            }
            BreakLine(output);
        }
        output.Append(rune.ToString());
        _column += width;
        if (isSpace || width > 1)
        {
            EndWord(); // wide characters are words by themselves: their scripts have no spaces
        }
        else
        {
            _word.Append(rune.ToString());
            _wordWidth += width;
        }
    }

    private void BreakLine(StringBuilder output)
    {
        if (_wordWidth == _column)
        {
            // A word as long as the line is cut.
            output.Append('\n');
            _column = 0;
            EndWord();
            return;
        }
        if (_wordWidth > 0)
        {
            output.Append(Ansi.Left(_wordWidth)).Append(Ansi.EraseLine);
        }
        output.Append('\n').Append(_word);
        _column = _wordWidth;
    }

    private void EndWord()
    {
        _word.Clear();
        _wordWidth = 0;
    }
}
