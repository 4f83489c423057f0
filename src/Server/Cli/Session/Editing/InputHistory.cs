using System.Text;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>
/// What was typed before, in Ollama's file: <c>~/.ollama/history</c>, a line each, the last <see cref="MaxLines"/>, for its user's eyes alone. The file is
/// replaced as a whole, so that it is never half written, and read again before, so that several sessions share it.
/// </summary>
internal sealed class InputHistory
{
    /// <summary>Lines that are kept.</summary>
    public const int MaxLines = 100;

    private readonly string? _path;
    private readonly List<string> _lines;
    private int _at;
    private string _draft = "";

    /// <summary>Reads a history.</summary>
    /// <param name="path">Its file, which need not be there; null keeps it in memory alone.</param>
    public InputHistory(string? path)
    {
        _path = path;
        _lines = Read();
        _at = _lines.Count;
    }

    /// <summary>Whether lines are added.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>All lines, the oldest first.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Where a user's history is.</summary>
    public static string PathFor(Func<string, string?> variable)
    {
        string home = variable("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(home, ".ollama", "history");
    }

    /// <summary>Adds a line, unless it is empty or the same as the last, and goes behind the end.</summary>
    public void Add(string line)
    {
        if (IsOn && line.Trim().Length > 0 && (_lines.Count == 0 || _lines[^1] != line))
        {
            _lines.Add(line);
            Trim(_lines);
            Write(line);
        }
        _at = _lines.Count;
    }

    /// <summary>The line before; null at the first.</summary>
    /// <param name="current">What stands in the line now: it is given back behind the end.</param>
    public string? Previous(string current)
    {
        if (_at == 0)
        {
            return null;
        }
        _draft = _at == _lines.Count ? current : _draft;
        return _lines[--_at];
    }

    /// <summary>The line after; null behind the end.</summary>
    public string? Next() => _at >= _lines.Count ? null : ++_at == _lines.Count ? _draft : _lines[_at];

    private static void Trim(List<string> lines) => lines.RemoveRange(0, Math.Max(0, lines.Count - MaxLines));

    private List<string> Read()
    {
        try
        {
            List<string> lines = _path is not null && File.Exists(_path) ? [.. File.ReadAllLines(_path).Where(line => line.Length > 0)] : [];
            Trim(lines);
            return lines;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Adds a line to the file. A history that cannot be kept is no reason to disturb a conversation.</summary>
    private void Write(string line)
    {
        if (_path is null)
        {
            return;
        }
        List<string> lines = Read();
        lines.Add(line.ReplaceLineEndings(" "));
        Trim(lines);
        string? temporary = null;
        try
        {
            string folder = Path.GetDirectoryName(_path)!;
            DurableFiles.CreateFolder(folder);
            temporary = DurableFiles.TemporaryIn(folder);
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }
            using (FileStream file = new(temporary, options))
            {
                file.Write(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
                file.Flush(flushToDisk: true);
            }
            DurableFiles.Rename(temporary, _path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _ = temporary is not null && DurableFiles.TryDelete(temporary);
        }
    }
}
