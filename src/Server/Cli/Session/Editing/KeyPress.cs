namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>What a key does.</summary>
internal enum Key
{
    /// <summary>Nothing that is known.</summary>
    None,

    /// <summary>Types <see cref="KeyPress.Text"/>.</summary>
    Text,

    /// <summary>Brings pasted text, whose line ends do not submit.</summary>
    Paste,

    /// <summary>Submits (Enter).</summary>
    Enter,

    /// <summary>Begins a line without submitting (Ctrl-J).</summary>
    NewLine,

    /// <summary>Deletes before the cursor.</summary>
    Backspace,

    /// <summary>Deletes under the cursor.</summary>
    Delete,

    /// <summary>A character back.</summary>
    Left,

    /// <summary>A character on.</summary>
    Right,

    /// <summary>A word back.</summary>
    WordLeft,

    /// <summary>A word on.</summary>
    WordRight,

    /// <summary>To the start of the line.</summary>
    Home,

    /// <summary>To the end of the line.</summary>
    End,

    /// <summary>A line up, or what was typed before.</summary>
    Up,

    /// <summary>A line down, or what was typed after.</summary>
    Down,

    /// <summary>Cuts to the end of the line (Ctrl-K).</summary>
    CutToEnd,

    /// <summary>Cuts to the start of the line (Ctrl-U).</summary>
    CutToStart,

    /// <summary>Cuts the word before the cursor (Ctrl-W).</summary>
    CutWord,

    /// <summary>Puts back what was cut last (Ctrl-Y).</summary>
    PutBack,

    /// <summary>Clears the screen (Ctrl-L).</summary>
    ClearScreen,

    /// <summary>Opens an editor (Ctrl-G).</summary>
    Editor,

    /// <summary>Stops the program until the shell lets it go on (Ctrl-Z).</summary>
    Suspend,

    /// <summary>Gives the line up (Ctrl-C).</summary>
    Interrupt,

    /// <summary>Ends the input if the line is empty, else deletes under the cursor (Ctrl-D).</summary>
    EndOfInput,
}

/// <summary>A key that was pressed.</summary>
/// <param name="Key">What it does.</param>
/// <param name="Text">What it types; empty for keys that type nothing.</param>
internal readonly record struct KeyPress(Key Key, string Text = "");
