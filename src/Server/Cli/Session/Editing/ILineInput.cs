namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>How a line came to its end.</summary>
internal enum LineEnd
{
    /// <summary>It was submitted.</summary>
    Submitted,

    /// <summary>It was given up with Ctrl-C.</summary>
    Interrupted,

    /// <summary>There is no more input.</summary>
    EndOfInput,
}

/// <summary>What was typed.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Text">The text; it may have several lines.</param>
internal readonly record struct InputLine(LineEnd End, string Text = "");

/// <summary>Where messages are typed.</summary>
internal interface ILineInput
{
    /// <summary>Whether what is typed is remembered.</summary>
    bool KeepsHistory { get; set; }

    /// <summary>Waits for a line.</summary>
    /// <param name="prompt">What stands before it.</param>
    /// <param name="placeholder">What is shown while it is empty, where that can be.</param>
    InputLine Read(string prompt, string placeholder);
}
