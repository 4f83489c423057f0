using LocalLlm.Server.Modelfiles;

namespace LocalLlm.Server.Cli;

/// <summary>What the <c>FROM</c> lines of a Modelfile mean on this machine: files to bring to the server, or the name of a model that it has.</summary>
internal sealed class ModelComponents
{
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);

    private ModelComponents()
    {
    }

    /// <summary>The model's name; null if there are files alone.</summary>
    public string? Model { get; private set; }

    /// <summary>Files: what the server is to call them (relative, with slashes) and where they are.</summary>
    public IReadOnlyDictionary<string, string> Files => _files;

    /// <summary>Looks the lines up.</summary>
    /// <param name="modelfile">The Modelfile.</param>
    /// <param name="folder">What relative paths begin at: the folder of the Modelfile.</param>
    /// <param name="home">What <c>~</c> stands for.</param>
    /// <exception cref="CommandLineException">A folder holds no model, or two models are named.</exception>
    public static ModelComponents Of(Modelfile modelfile, string folder, string? home)
    {
        ModelComponents components = new();
        foreach (string from in modelfile.From)
        {
            string path = PathOf(from, folder, home);
            if (File.Exists(path))
            {
                components.Add(Path.GetFileName(path), path);
            }
            else if (Directory.Exists(path))
            {
                foreach ((string name, string file) in ModelFolder.Files(path))
                {
                    components.Add(name, file);
                }
            }
            else if (LooksLikePath(from))
            {
                throw new CommandLineException($"FROM names '{from}', but there is no such file or folder: '{path}'");
            }
            else
            {
                components.Model = components.Model is null ? from : throw new CommandLineException($"FROM names two models, '{components.Model}' and '{from}': keep one of them");
            }
        }
        return components;
    }

    private void Add(string name, string path)
    {
        if (!_files.TryAdd(name, path) && _files[name] != path)
        {
            throw new CommandLineException($"FROM names two files '{name}', '{_files[name]}' and '{path}': rename one of them");
        }
    }

    private static string PathOf(string from, string folder, string? home)
    {
        string expanded = home is { Length: > 0 } && (from == "~" || from.StartsWith("~/", StringComparison.Ordinal)) ? home + from[1..] : from;
        return Path.GetFullPath(expanded, folder);
    }

    /// <summary>What can be no name of a model, so that a mistyped path is not looked for among those.</summary>
    private static bool LooksLikePath(string from) =>
        from.StartsWith('/') || from.StartsWith('.') || from.StartsWith('~') || from.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || Path.IsPathRooted(from);
}
