namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>Lines with editing, history and pasted text.</summary>
internal sealed class LineEditor : ILineInput
{
    private readonly ITerminal _terminal;
    private readonly TextWriter _writer;
    private readonly InputHistory _history;
    private readonly Func<string, string?> _editElsewhere;
    private readonly KeyDecoder _keys;
    private readonly LinePainter _painter;

    /// <summary>An editor on a terminal.</summary>
    /// <param name="terminal">Its keys.</param>
    /// <param name="writer">Its screen.</param>
    /// <param name="history">What was typed before.</param>
    /// <param name="editElsewhere">Lets the user edit a text with another program; null if nothing came of it.</param>
    public LineEditor(ITerminal terminal, TextWriter writer, InputHistory history, Func<string, string?> editElsewhere)
    {
        (_terminal, _writer, _history, _editElsewhere) = (terminal, writer, history, editElsewhere);
        _keys = new KeyDecoder(terminal.Read, terminal.IsMoreNear);
        _painter = new LinePainter(writer, () => terminal.Columns, () => terminal.Rows);
    }

    /// <inheritdoc/>
    public bool KeepsHistory
    {
        get => _history.IsOn;
        set => _history.IsOn = value;
    }

    /// <inheritdoc/>
    public InputLine Read(string prompt, string placeholder)
    {
        EditBuffer buffer = new();
        IDisposable raw = EnterRaw();
        try
        {
            while (true)
            {
                _painter.Paint(prompt, placeholder, buffer.Text, buffer.Cursor);
                if (_keys.Next() is not { } key)
                {
                    return End(prompt, buffer, LineEnd.EndOfInput);
                }
                switch (key.Key)
                {
                    case Key.Enter:
                        return End(prompt, buffer, LineEnd.Submitted);
                    case Key.Interrupt:
                        return End(prompt, buffer, LineEnd.Interrupted);
                    case Key.EndOfInput when buffer.Text.Length == 0:
                        return End(prompt, buffer, LineEnd.EndOfInput);
                    case Key.Suspend:
                        raw = Outside(raw, _terminal.Suspend);
                        break;
                    case Key.Editor:
                        raw = Outside(raw, () => buffer.Set(_editElsewhere(buffer.Text) ?? buffer.Text));
                        break;
                    default:
                        Apply(key, buffer);
                        break;
                }
            }
        }
        finally
        {
            Leave(raw);
        }
    }

    private InputLine End(string prompt, EditBuffer buffer, LineEnd end)
    {
        _painter.Finish(prompt, buffer.Text);
        if (end == LineEnd.Submitted)
        {
            _history.Add(buffer.Text);
        }
        return new InputLine(end, buffer.Text);
    }

    private void Apply(KeyPress key, EditBuffer buffer)
    {
        switch (key.Key)
        {
            case Key.Text or Key.Paste:
                buffer.Insert(key.Text);
                break;
            case Key.NewLine:
                buffer.Insert("\n");
                break;
            case Key.Up when !buffer.Up() && _history.Previous(buffer.Text) is { } before:
                buffer.Set(before);
                break;
            case Key.Down when !buffer.Down() && _history.Next() is { } after:
                buffer.Set(after);
                break;
            case Key.ClearScreen:
                _painter.Clear();
                break;
            default:
                Edit(key.Key)?.Invoke(buffer);
                break;
        }
    }

    private static Action<EditBuffer>? Edit(Key key) => key switch
    {
        Key.Backspace => buffer => buffer.DeleteBefore(),
        Key.Delete or Key.EndOfInput => buffer => buffer.DeleteUnder(),
        Key.Left => buffer => buffer.Left(),
        Key.Right => buffer => buffer.Right(),
        Key.WordLeft => buffer => buffer.WordLeft(),
        Key.WordRight => buffer => buffer.WordRight(),
        Key.Home => buffer => buffer.Home(),
        Key.End => buffer => buffer.End(),
        Key.CutToEnd => buffer => buffer.CutToEnd(),
        Key.CutToStart => buffer => buffer.CutToStart(),
        Key.CutWord => buffer => buffer.CutWord(),
        Key.PutBack => buffer => buffer.PutBack(),
        _ => null,
    };

    private IDisposable EnterRaw()
    {
        IDisposable raw = _terminal.EnterRaw();
        _writer.Write(Ansi.MarkPastes);
        return raw;
    }

    private void Leave(IDisposable raw)
    {
        _writer.Write(Ansi.DoNotMarkPastes);
        _writer.Flush();
        raw.Dispose();
    }

    /// <summary>Gives the terminal to others for a while.</summary>
    private IDisposable Outside(IDisposable raw, Action action)
    {
        _writer.Write("\r\n");
        Leave(raw);
        action();
        _painter.Forget();
        return EnterRaw();
    }
}
