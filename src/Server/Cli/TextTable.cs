namespace LocalLlm.Server.Cli;

/// <summary>A table as Ollama prints its lists: upper-case header, no borders, columns four spaces apart, plain text whether or not a person reads it.</summary>
/// <param name="header">The columns' names.</param>
internal sealed class TextTable(params string[] header)
{
    private const string Gap = "    ";
    private readonly List<string[]> _rows = [header];

    /// <summary>Adds a row of as many cells as there are columns.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes the table, each line after an indent.</summary>
    public void Write(TextWriter writer, string indent = "")
    {
        int[] widths = [.. Enumerable.Range(0, _rows[0].Length).Select(column => _rows.Max(row => row[column].Length))];
        foreach (string[] row in _rows)
        {
            writer.WriteLine(indent + string.Join(Gap, row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
