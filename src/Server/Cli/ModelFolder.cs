namespace LocalLlm.Server.Cli;

/// <summary>The files of a folder that belong to a model: weights of one kind, the first that is there of those that are known, and what describes them.</summary>
internal static class ModelFolder
{
    // The order in which Ollama looks; what stands beside *.gguf is not needed with it.
    private static readonly string[] s_weights = ["model*.safetensors", "consolidated*.safetensors", "pytorch_model*.bin", "consolidated*.pth", "*.gguf", "*.bin"];
    private static readonly string[] s_adapter = ["adapter_config.json", "adapter_model.safetensors"];
    private static readonly string[] s_companions = ["*.json", "chat_template.jinja", "tokenizer.model"];

    /// <summary>Name within the folder (with slashes) and path of each file, in order.</summary>
    /// <exception cref="CommandLineException">There are no weights, none in a format that can be read, or a link leads out of the folder.</exception>
    public static IReadOnlyList<(string Name, string Path)> Files(string folder)
    {
        string? pattern = s_weights.FirstOrDefault(candidate => Matches(folder, candidate).Any());
        if (pattern is null)
        {
            throw new CommandLineException($"no Modelfile or safetensors files found: '{folder}' holds no model (*.safetensors or *.gguf)");
        }
        if (pattern.StartsWith("pytorch", StringComparison.Ordinal) || pattern.EndsWith(".pth", StringComparison.Ordinal))
        {
            throw new CommandLineException($"the weights in '{folder}' are in PyTorch's own format, which can hold programs and is not read: get the model's safetensors, or save it with safe_serialization=True");
        }
        IEnumerable<string> paths = Matches(folder, pattern);
        if (pattern.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            paths = paths.Concat(s_companions.SelectMany(companion => Matches(folder, companion)));
        }
        return [.. paths.Distinct().Order(StringComparer.Ordinal).Select(path => (Path.GetRelativePath(folder, path).Replace('\\', '/'), Inside(folder, path)))];
    }

    /// <summary>The files of an adapter as peft writes it, as <see cref="Files"/>.</summary>
    /// <exception cref="CommandLineException">One is missing, or a link leads out of the folder.</exception>
    public static IReadOnlyList<(string Name, string Path)> AdapterFiles(string folder) =>
    [
        .. s_adapter.Select(name => Path.Combine(folder, name) is var path && File.Exists(path)
            ? (name, Inside(folder, path))
            : throw new CommandLineException($"ADAPTER names the folder '{folder}', which has no {name}: an adapter is a GGUF file, or a folder as peft writes it")),
    ];

    /// <summary>Files of the folder and of those in it, not deeper.</summary>
    private static IEnumerable<string> Matches(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, MatchCasing = MatchCasing.CaseSensitive })
            .Where(path => !Path.GetRelativePath(folder, path).StartsWith('.'));

    /// <summary>Models come from others: a link in one must not carry some other file of this machine to the server.</summary>
    private static string Inside(string folder, string path)
    {
        string? target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;
        return target is null || Path.GetFullPath(target).StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new CommandLineException($"'{path}' is a link to '{target}', out of the model's folder: copy the file there (cp -L), and create again");
    }
}
