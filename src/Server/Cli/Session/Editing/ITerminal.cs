namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>A terminal whose keys are read one by one.</summary>
internal interface ITerminal
{
    /// <summary>Cells in a row.</summary>
    int Columns { get; }

    /// <summary>Rows of the screen.</summary>
    int Rows { get; }

    /// <summary>Has keys come as they are pressed, unseen, until it is disposed. Then line feeds do not return the cursor to the left.</summary>
    IDisposable EnterRaw();

    /// <summary>Waits for input: at least one byte, none at its end.</summary>
    byte[] Read();

    /// <summary>Whether more input comes within the time in which a terminal sends a key's sequence.</summary>
    bool IsMoreNear();

    /// <summary>Stops this program until the shell lets it go on.</summary>
    void Suspend();
}
