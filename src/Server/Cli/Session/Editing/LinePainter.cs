using System.Globalization;
using System.Text;

namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>
/// Draws a text that is being typed: a prompt before its first line, another before each further one, lines cut at the terminal's width. Each time all rows are
/// drawn anew in one write. Of a text with more rows than the screen, those around the cursor are shown.
/// </summary>
/// <param name="writer">The terminal, in raw mode.</param>
/// <param name="columns">Its cells in a row.</param>
/// <param name="rows">Its rows.</param>
internal sealed class LinePainter(TextWriter writer, Func<int> columns, Func<int> rows)
{
    private const string Continuation = "... ";
    private const int TabWidth = 4;

    private int _rowOfCursor; // of those drawn, from the first
    private int _rowsDrawn;

    /// <summary>Draws a text in the place of what was drawn before.</summary>
    /// <param name="prompt">What stands before the first line.</param>
    /// <param name="placeholder">What is shown in grey while the text is empty.</param>
    /// <param name="text">The text.</param>
    /// <param name="cursor">Where in it the cursor is.</param>
    public void Paint(string prompt, string placeholder, string text, int cursor)
    {
        Layout layout = new(Math.Max(columns(), prompt.Length + 2));
        layout.Fill(prompt, text, cursor);
        int height = Math.Max(rows(), 1);
        int first = Math.Max(0, Math.Min(layout.CursorRow - height / 2, layout.Rows.Count - height));
        int last = Math.Min(layout.Rows.Count, first + height) - 1;

        // Row by row: some terminals take erasing the whole screen for a reason to keep what was on it.
        StringBuilder output = new();
        output.Append(Ansi.Up(_rowOfCursor)).Append('\r').Append(Ansi.EraseLine);
        output.AppendJoin($"\r\n{Ansi.EraseLine}", layout.Rows.Skip(first).Take(last - first + 1));
        if (text.Length == 0 && placeholder.Length > 0 && prompt.Length + placeholder.Length < columns())
        {
            output.Append(Ansi.Grey).Append(placeholder).Append(Ansi.Plain);
        }
        int shown = last - first + 1, left = Math.Max(0, _rowsDrawn - shown);
        output.Insert(output.Length, $"\r\n{Ansi.EraseLine}", left);
        output.Append(Ansi.Up(left + last - layout.CursorRow)).Append('\r').Append(Ansi.Right(layout.CursorColumn));
        writer.Write(output.ToString());
        writer.Flush();
        (_rowOfCursor, _rowsDrawn) = (layout.CursorRow - first, shown);
    }

    /// <summary>Leaves what was drawn, with the cursor below it.</summary>
    public void Finish(string prompt, string text)
    {
        Paint(prompt, "", text, text.Length);
        writer.Write("\r\n");
        writer.Flush();
        Forget();
    }

    /// <summary>Clears the screen; the text is drawn next.</summary>
    public void Clear()
    {
        writer.Write(Ansi.ClearScreen);
        Forget();
    }

    /// <summary>Forgets what was drawn: something else has been written since.</summary>
    public void Forget() => (_rowOfCursor, _rowsDrawn) = (0, 0);

    /// <summary>A text in rows.</summary>
    private sealed class Layout(int columns)
    {
        private readonly StringBuilder _row = new();
        private int _column;

        public List<string> Rows { get; } = [];

        public int CursorRow { get; private set; }

        public int CursorColumn { get; private set; }

        public void Fill(string prompt, string text, int cursor)
        {
            Put(prompt, prompt.Length);
            for (int at = 0; at < text.Length;)
            {
                int length = StringInfo.GetNextTextElementLength(text, at);
                ReadOnlySpan<char> cluster = text.AsSpan(at, length);
                NoteCursor(at == cursor, cluster is "\n" ? 0 : Width(cluster));
                at += length;
                if (cluster is "\n")
                {
                    EndRow();
                    Put(Continuation, Continuation.Length);
                }
                else
                {
                    Put(cluster is "\t" ? new string(' ', TabWidth) : cluster.ToString(), Width(cluster));
                }
            }
            NoteCursor(cursor == text.Length, 1);
            Rows.Add(_row.ToString());
        }

        private static int Width(ReadOnlySpan<char> cluster) => cluster is "\t" ? TabWidth : CellWidth.OfCluster(cluster);

        /// <summary>Notes the cursor's cell: that of the next character, which may have to go to the next row.</summary>
        private void NoteCursor(bool isHere, int width)
        {
            if (isHere)
            {
                if (_column + width > columns)
                {
                    EndRow();
                }
                (CursorRow, CursorColumn) = (Rows.Count, _column);
            }
        }

        private void Put(string shown, int width)
        {
            if (_column + width > columns)
            {
                EndRow();
            }
            _row.Append(shown);
            _column += width;
        }

        private void EndRow()
        {
            Rows.Add(_row.ToString());
            _row.Clear();
            _column = 0;
        }
    }
}
