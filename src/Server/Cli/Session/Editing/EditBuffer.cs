using System.Globalization;
using System.Text;

namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>A text that is being typed, and where in it. The cursor moves by what people take for characters, never into one.</summary>
internal sealed class EditBuffer
{
    private string _cut = "";

    /// <summary>The text; lines are parted by line feeds.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Where the next character goes, an index of <see cref="Text"/>.</summary>
    public int Cursor { get; private set; }

    /// <summary>Types a text. Of control characters only tabs and ends of lines are taken, all of these as line feeds.</summary>
    public void Insert(string text)
    {
        string clean = Clean(text);
        Text = Text.Insert(Cursor, clean);
        Cursor += clean.Length;
    }

    /// <summary>Puts another text in the place of this one, the cursor at its end.</summary>
    public void Set(string text)
    {
        Text = Clean(text);
        Cursor = Text.Length;
    }

    /// <summary>Deletes the character before the cursor.</summary>
    public void DeleteBefore()
    {
        int from = Before(Cursor);
        Remove(from, Cursor);
    }

    /// <summary>Deletes the character under the cursor.</summary>
    public void DeleteUnder() => Remove(Cursor, After(Cursor));

    /// <summary>Moves a character back.</summary>
    public void Left() => Cursor = Before(Cursor);

    /// <summary>Moves a character on.</summary>
    public void Right() => Cursor = After(Cursor);

    /// <summary>Moves to the start of the word, or of the one before.</summary>
    public void WordLeft() => Cursor = WordStart();

    /// <summary>Moves behind the end of the word, or of the one after.</summary>
    public void WordRight()
    {
        while (Cursor < Text.Length && IsSpace(Cursor))
        {
            Right();
        }
        while (Cursor < Text.Length && !IsSpace(Cursor))
        {
            Right();
        }
    }

    /// <summary>Moves to the start of the line.</summary>
    public void Home() => Cursor = LineStart(Cursor);

    /// <summary>Moves to the end of the line.</summary>
    public void End() => Cursor = LineEnd(Cursor);

    /// <summary>Moves a line up, to as many characters from its start.</summary>
    /// <returns>False on the first line.</returns>
    public bool Up()
    {
        int start = LineStart(Cursor);
        return start > 0 && MoveInto(LineStart(start - 1), start - 1, Characters(start, Cursor));
    }

    /// <summary>Moves a line down, to as many characters from its start.</summary>
    /// <returns>False on the last line.</returns>
    public bool Down()
    {
        int end = LineEnd(Cursor);
        return end < Text.Length && MoveInto(end + 1, LineEnd(end + 1), Characters(LineStart(Cursor), Cursor));
    }

    /// <summary>Cuts to the end of the line; at its end, the end itself.</summary>
    public void CutToEnd() => Cut(Cursor, LineEnd(Cursor) is int end && end > Cursor ? end : After(Cursor));

    /// <summary>Cuts to the start of the line; at its start, the end of the one before.</summary>
    public void CutToStart() => Cut(LineStart(Cursor) is int start && start < Cursor ? start : Before(Cursor), Cursor);

    /// <summary>Cuts the word before the cursor.</summary>
    public void CutWord() => Cut(WordStart(), Cursor);

    /// <summary>Types what was cut last.</summary>
    public void PutBack() => Insert(_cut);

    private static string Clean(string text)
    {
        StringBuilder clean = new(text.Length);
        foreach (char c in text.ReplaceLineEndings("\n"))
        {
            if (c is '\n' or '\t' || !char.IsControl(c))
            {
                clean.Append(c);
            }
        }
        return clean.ToString();
    }

    private int Before(int index)
    {
        int last = 0;
        foreach (int start in StringInfo.ParseCombiningCharacters(Text))
        {
            if (start >= index)
            {
                break;
            }
            last = start;
        }
        return last;
    }

    private int After(int index) => index >= Text.Length ? Text.Length : index + StringInfo.GetNextTextElementLength(Text, index);

    private int WordStart()
    {
        int at = Cursor;
        while (at > 0 && IsSpace(Before(at)))
        {
            at = Before(at);
        }
        while (at > 0 && !IsSpace(Before(at)))
        {
            at = Before(at);
        }
        return at;
    }

    private bool IsSpace(int index) => char.IsWhiteSpace(Text[index]);

    private int LineStart(int index) => index == 0 ? 0 : Text.LastIndexOf('\n', index - 1) + 1;

    private int LineEnd(int index) => Text.IndexOf('\n', index) is int end and >= 0 ? end : Text.Length;

    /// <summary>Characters from one index to another.</summary>
    private int Characters(int from, int to) => new StringInfo(Text[from..to]).LengthInTextElements;

    private bool MoveInto(int start, int end, int characters)
    {
        Cursor = start;
        for (int i = 0; i < characters && Cursor < end; i++)
        {
            Right();
        }
        return true;
    }

    private void Cut(int from, int to)
    {
        if (from < to)
        {
            _cut = Text[from..to];
            Remove(from, to);
        }
    }

    private void Remove(int from, int to)
    {
        Text = Text.Remove(from, to - from);
        Cursor = from;
    }
}
