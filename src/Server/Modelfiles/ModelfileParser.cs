using System.Globalization;
using System.Text;

namespace LocalLlm.Server.Modelfiles;

/// <summary>
/// Reads Modelfiles: one instruction to a line, its name in any case, its value as <see cref="ModelfileQuotes"/> says. Lines that are blank
/// or begin with <c>#</c> say nothing. All kinds of line ends become <c>\n</c>, and control characters but tabs are dropped.
/// </summary>
internal sealed class ModelfileParser
{
    private static readonly string[] Names = [.. Enum.GetNames<ModelfileInstruction>().Select(name => name.ToLowerInvariant())];

    private readonly string[] _lines;

    /// <summary>Number of lines taken, so that it is the current line's number from 1 on.</summary>
    private int _line;

    private ModelfileParser(string text) => _lines = Clean(text).Split('\n');

    /// <summary>Reads a Modelfile from the bytes of a file.</summary>
    /// <exception cref="ModelfileException">It is no text, or a line of it is wrong, or it has no <c>FROM</c>.</exception>
    public static Modelfile Parse(ReadOnlySpan<byte> bytes) => Parse(ModelfileEncoding.Decode(bytes));

    /// <summary>Reads a Modelfile.</summary>
    /// <exception cref="ModelfileException">A line of it is wrong, or it has no <c>FROM</c>.</exception>
    public static Modelfile Parse(string text)
    {
        var commands = new ModelfileParser(text).ReadAll().ToList();
        return commands.Exists(command => command.Instruction == ModelfileInstruction.From)
            ? new Modelfile(commands)
            : throw new ModelfileException("no FROM line: begin the Modelfile with \"FROM <model or file>\"");
    }

    private IEnumerable<ModelfileCommand> ReadAll()
    {
        while (_line < _lines.Length)
        {
            string line = _lines[_line++].TrimStart(' ', '\t');
            if (line.Length > 0 && line[0] != '#')
            {
                yield return Read(line);
            }
        }
    }

    private ModelfileCommand Read(string line)
    {
        int start = _line;
        string word = line[..CountWhile(line, c => c is not (' ' or '\t'))];
        int index = Array.IndexOf(Names, word.ToLowerInvariant());
        if (index < 0)
        {
            string list = string.Join(", ", Names.SkipLast(1).Select(name => $"\"{name}\""));
            throw new ModelfileException(start, $"command must be one of {list}, or \"{Names[^1]}\", but this line begins with \"{Shorten(word)}\"");
        }
        var instruction = (ModelfileInstruction)index;
        string rest = line[word.Length..].TrimStart(' ', '\t');
        ModelfileCommand command = instruction switch
        {
            ModelfileInstruction.Adapter => ReadAdapter(rest),
            ModelfileInstruction.Parameter => ReadNamed(instruction, rest, "a name and a value, such as \"PARAMETER temperature 0.7\""),
            ModelfileInstruction.Message => ReadNamed(instruction, rest, "a role and a text, such as \"MESSAGE user Hello\""),
            _ => new ModelfileCommand(instruction, ReadValue(rest)),
        };
        return Check(command with { Line = start });
    }

    /// <summary>A value that begins in the current line, over as many lines as it has.</summary>
    private string ReadValue(string first)
    {
        first = first.TrimStart();
        string quotes = ModelfileQuotes.Closing(first);
        if (quotes.Length == 0)
        {
            return first.Trim();
        }
        int start = _line;
        StringBuilder value = new(first);
        int length = first.TrimEnd().Length;
        for (string line = first; !(line.AsSpan().TrimEnd().EndsWith(quotes) && length >= 2 * quotes.Length); value.Append('\n').Append(line))
        {
            if (_line == _lines.Length)
            {
                throw new ModelfileException(start, $"unexpected EOF: the value that begins here with {quotes} has no line that ends with {quotes}");
            }
            line = _lines[_line++];
            length = value.Length + 1 + line.TrimEnd().Length;
        }
        return ModelfileQuotes.Unquote(value.ToString());
    }

    /// <summary>A name (option or role) followed by a value.</summary>
    private ModelfileCommand ReadNamed(ModelfileInstruction instruction, string rest, string needed)
    {
        string name = rest[..CountWhile(rest, c => c is not (' ' or '\t'))];
        string value = rest[name.Length..].TrimStart(' ', '\t');
        return name.Length > 0 && (value.Length > 0 || instruction == ModelfileInstruction.Message)
            ? new ModelfileCommand(instruction, ReadValue(value)) { Name = name }
            : throw new ModelfileException(_line, $"{Upper(instruction)} needs {needed}");
    }

    /// <summary>A path, in quotes or not, and perhaps a scale behind it. Of a path that itself ends with a number, quotes say so.</summary>
    private ModelfileCommand ReadAdapter(string rest)
    {
        string line = rest.TrimEnd();
        int split = line.LastIndexOfAny([' ', '\t']);
        if (split > 0 && double.TryParse(line.AsSpan(split + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double scale) && double.IsFinite(scale))
        {
            string path = line[..split].TrimEnd();
            string quotes = ModelfileQuotes.Closing(path);
            if (quotes.Length == 0 || ModelfileQuotes.IsClosed(path, quotes))
            {
                return new ModelfileCommand(ModelfileInstruction.Adapter, ModelfileQuotes.Unquote(path)) { Scale = scale };
            }
        }
        return new ModelfileCommand(ModelfileInstruction.Adapter, ReadValue(rest));
    }

    private static ModelfileCommand Check(ModelfileCommand command)
    {
        switch (command.Instruction)
        {
            case ModelfileInstruction.Message when command.Name is not ("system" or "user" or "assistant"):
                throw new ModelfileException(command.Line, $"message role must be one of \"system\", \"user\", or \"assistant\", not \"{Shorten(command.Name)}\"");
            case ModelfileInstruction.Parameter:
                return command with { Name = ParameterTable.Check(command) };
            case ModelfileInstruction.Requires:
                return command with { Value = ModelVersion.Check(command) };
            case ModelfileInstruction.From or ModelfileInstruction.Adapter or ModelfileInstruction.Draft or ModelfileInstruction.Renderer or ModelfileInstruction.Parser
                when command.Value.Length == 0:
                throw new ModelfileException(command.Line, $"{Upper(command.Instruction)} needs a {(command.Instruction == ModelfileInstruction.From ? "model or a path" : "value")} in the same line");
            default:
                return command;
        }
    }

    private static string Upper(ModelfileInstruction instruction) => instruction.ToString().ToUpperInvariant();

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "...";

    private static int CountWhile(string text, Func<char, bool> wanted)
    {
        int count = 0;
        while (count < text.Length && wanted(text[count]))
        {
            count++;
        }
        return count;
    }

    private static string Clean(string text)
    {
        string unified = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        return string.Concat(unified.Where(c => c is '\n' or '\t' || !(char.IsControl(c) || c == '\uFEFF')));
    }
}
