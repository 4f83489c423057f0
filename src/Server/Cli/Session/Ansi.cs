using System.Globalization;

namespace LocalLlm.Server.Cli.Session;

/// <summary>The escape sequences that are used (ECMA-48, and xterm's for pasted text). Nothing but a terminal may get them.</summary>
internal static class Ansi
{
    /// <summary>Erases from the cursor to the end of its line.</summary>
    public const string EraseLine = "\e[K";

    /// <summary>Erases the screen and puts the cursor into its first cell.</summary>
    public const string ClearScreen = "\e[H\e[2J";

    /// <summary>Grey text from here on.</summary>
    public const string Grey = "\e[38;5;245m";

    /// <summary>Text as usual from here on.</summary>
    public const string Plain = "\e[0m";

    /// <summary>Has the terminal mark pasted text.</summary>
    public const string MarkPastes = "\e[?2004h";

    /// <summary>Ends <see cref="MarkPastes"/>.</summary>
    public const string DoNotMarkPastes = "\e[?2004l";

    /// <summary>Moves the cursor to the left.</summary>
    public static string Left(int cells) => Move(cells, 'D');

    /// <summary>Moves the cursor to the right.</summary>
    public static string Right(int cells) => Move(cells, 'C');

    /// <summary>Moves the cursor up.</summary>
    public static string Up(int rows) => Move(rows, 'A');

    private static string Move(int count, char direction) => count <= 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"\e[{count}{direction}");
}
