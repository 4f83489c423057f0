using System.Globalization;
using System.Text.RegularExpressions;
using LocalLlm.Server.Cli.Session;

namespace LocalLlm.Server.Tests.Cli.Session;

/// <summary>A terminal's screen, for the sequences that the program uses; a cell holds what is drawn as one.</summary>
internal sealed partial class Screen(int columns, int rows) : StringWriter
{
    private readonly List<string?[]> _cells = [.. Enumerable.Range(0, rows).Select(_ => new string?[columns])];
    private int _row;
    private int _column;

    public (int Row, int Column) Cursor => (_row, _column);

    /// <summary>What stands on it, without spaces at the ends of rows and empty rows at the end.</summary>
    public string Text => string.Join('\n', _cells.Select(row => string.Concat(row.Select(cell => cell ?? " ")).Replace("\0", "", StringComparison.Ordinal).TrimEnd())).TrimEnd('\n');

    public override void Write(string? value)
    {
        for (string rest = value ?? ""; rest.Length > 0;)
        {
            Match sequence = Sequence.Match(rest);
            if (sequence.Success)
            {
                Obey(sequence.Groups[2].Value[0], int.TryParse(sequence.Groups[1].Value, CultureInfo.InvariantCulture, out int number) ? number : 1);
                rest = rest[sequence.Length..];
                continue;
            }
            int length = StringInfo.GetNextTextElementLength(rest);
            string cluster = rest[..(rest[0] is '\r' or '\n' ? 1 : length)];
            Put(cluster);
            rest = rest[cluster.Length..];
        }
    }

    [GeneratedRegex(@"\A\e\[\??([0-9;]*)([A-Za-z])")]
    private static partial Regex Sequence { get; }

    private void Obey(char command, int number)
    {
        switch (command)
        {
            case 'A':
                _row = Math.Max(0, _row - number);
                break;
            case 'C':
                _column = Math.Min(columns - 1, _column + number);
                break;
            case 'D':
                _column = Math.Max(0, _column - number);
                break;
            case 'K':
                Array.Clear(_cells[_row], Math.Min(_column, columns), Math.Max(0, columns - _column));
                break;
        }
    }

    private void Put(string cluster)
    {
        if (cluster == "\r")
        {
            _column = 0;
            return;
        }
        if (cluster == "\n")
        {
            if (++_row == rows)
            {
                _row--;
                _cells.RemoveAt(0);
                _cells.Add(new string?[columns]);
            }
            return;
        }
        int width = CellWidth.OfCluster(cluster);
        Assert.True(_column + width <= columns, "The program must break rows itself.");
        _cells[_row][_column] = cluster;
        if (width == 2)
        {
            _cells[_row][_column + 1] = "\0";
        }
        _column += width;
    }
}
