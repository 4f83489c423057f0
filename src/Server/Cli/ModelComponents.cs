using System.Globalization;
using System.Text.RegularExpressions;
using LocalLlm.Server.Modelfiles;

namespace LocalLlm.Server.Cli;

/// <summary>What the <c>FROM</c> and <c>ADAPTER</c> lines of a Modelfile mean on this machine: files to bring to the server, or the name of a model that it has.</summary>
internal sealed partial class ModelComponents
{
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, string> _adapters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _scales = new(StringComparer.Ordinal);

    private ModelComponents()
    {
    }

    /// <summary>The model's name; null if there are files alone.</summary>
    public string? Model { get; private set; }

    /// <summary>Files of the model: what the server is to call them (relative, with slashes) and where they are.</summary>
    public IReadOnlyDictionary<string, string> Files => _files;

    /// <summary>Files of adapters, in their order: as <see cref="Files"/>.</summary>
    public IReadOnlyDictionary<string, string> Adapters => _adapters;

    /// <summary>Scales of adapters that have one, by the name of one of their files.</summary>
    public IReadOnlyDictionary<string, double> AdapterScales => _scales;

    /// <summary>Looks the lines up.</summary>
    /// <param name="modelfile">The Modelfile.</param>
    /// <param name="folder">What relative paths begin at: the folder of the Modelfile.</param>
    /// <param name="home">What <c>~</c> stands for.</param>
    /// <exception cref="CommandLineException">A folder holds no model, a file is missing, or two models are named.</exception>
    public static ModelComponents Of(Modelfile modelfile, string folder, string? home)
    {
        ModelComponents components = new();
        foreach (string from in modelfile.From)
        {
            components.AddFrom(from, PathOf(from, folder, home));
        }
        IReadOnlyList<ModelfileAdapter> adapters = modelfile.Adapters;
        for (int i = 0; i < adapters.Count; i++)
        {
            // The original knows one adapter, whose files have no folder.
            string prefix = adapters.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"{i + 1}/");
            components.AddAdapter(adapters[i], PathOf(adapters[i].Path, folder, home), prefix);
        }
        return components;
    }

    private void AddFrom(string from, string path)
    {
        if (File.Exists(path))
        {
            foreach (string part in PartsOf(path))
            {
                Add(Path.GetFileName(part), part);
            }
        }
        else if (Directory.Exists(path))
        {
            foreach ((string name, string file) in ModelFolder.Files(path))
            {
                Add(name, file);
            }
        }
        else if (LooksLikePath(from))
        {
            throw new CommandLineException($"FROM names '{from}', but there is no such file or folder: '{path}'");
        }
        else
        {
            Model = Model is null ? from : throw new CommandLineException($"FROM names two models, '{Model}' and '{from}': keep one of them");
        }
    }

    private void AddAdapter(ModelfileAdapter adapter, string path, string prefix)
    {
        (string Name, string Path)[] files = File.Exists(path) ? [(Path.GetFileName(path), path)]
            : Directory.Exists(path) ? [.. ModelFolder.AdapterFiles(path)]
            : throw new CommandLineException($"ADAPTER names '{adapter.Path}', but there is no such file or folder: '{path}'");
        foreach ((string name, string file) in files)
        {
            _adapters.Add(prefix + name, file);
        }
        if (adapter.Scale != 1)
        {
            _scales.Add(prefix + files[0].Name, adapter.Scale);
        }
    }

    private void Add(string name, string path)
    {
        if (!_files.TryAdd(name, path) && _files[name] != path)
        {
            throw new CommandLineException($"FROM names two files '{name}', '{_files[name]}' and '{path}': rename one of them");
        }
    }

    /// <summary>A file, or if it is the first of several parts all that are there; the server tells which are missing.</summary>
    private static IEnumerable<string> PartsOf(string path) => FirstPart.Match(path) is { Success: true } match
        ? Directory.EnumerateFiles(Path.GetDirectoryName(path)!, $"*-of-{match.Groups["count"].Value}.gguf")
            .Where(other => other.StartsWith($"{match.Groups["stem"].Value}-", StringComparison.Ordinal) && other.Length == path.Length)
        : [path];

    private static string PathOf(string from, string folder, string? home)
    {
        string expanded = home is { Length: > 0 } && (from == "~" || from.StartsWith("~/", StringComparison.Ordinal)) ? home + from[1..] : from;
        return Path.GetFullPath(expanded, folder);
    }

    /// <summary>What can be no name of a model, so that a mistyped path is not looked for among those.</summary>
    private static bool LooksLikePath(string from) =>
        from.StartsWith('/') || from.StartsWith('.') || from.StartsWith('~') || from.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || Path.IsPathRooted(from);

    [GeneratedRegex(@"^(?<stem>.*)-00001-of-(?<count>[0-9]{5})\.gguf\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex FirstPart { get; }
}
