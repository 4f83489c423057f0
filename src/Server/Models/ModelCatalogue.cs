namespace LocalLlm.Server.Models;

/// <summary>The models that the software knows by name, from <c>models.manifest</c>, and the way from what a user writes to a model file.</summary>
internal sealed class ModelCatalogue
{
    /// <summary>Name of the manifest file.</summary>
    public const string FileName = "models.manifest";

    private readonly Dictionary<ModelName, CatalogueModel> _byName = [];

    private ModelCatalogue(IReadOnlyList<CatalogueModel> models)
    {
        Models = models;
        foreach (CatalogueModel model in models)
        {
            foreach (string name in model.Names)
            {
                _byName.Add(ModelName.TryParse(name, out ModelName? parsed) ? parsed.Value : throw new ArgumentException($"'{name}' is no model name.", nameof(models)), model);
            }
        }
    }

    /// <summary>All models, in the manifest's order.</summary>
    public IReadOnlyList<CatalogueModel> Models { get; }

    /// <summary>
    /// Reads the nearest manifest at or above a folder: a published build has it beside the executable, a checkout at its root, above the build's
    /// output. Without one the catalogue is empty, and models are to be had by path only.
    /// </summary>
    /// <param name="folder">Where to start: <see cref="AppContext.BaseDirectory"/>.</param>
    /// <exception cref="ModelCatalogueException">The manifest breaks its schema or cannot be read.</exception>
    public static ModelCatalogue Find(string folder)
    {
        for (DirectoryInfo? at = new(folder); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, FileName);
            if (File.Exists(path))
            {
                return Open(path);
            }
        }
        return new ModelCatalogue([]);
    }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="ModelCatalogueException">The manifest breaks its schema or cannot be read.</exception>
    public static ModelCatalogue Open(string path)
    {
        try
        {
            return new ModelCatalogue(ManifestParser.Parse(path, File.ReadAllText(path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelCatalogueException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The entry of a name; case does not matter and a missing tag means <c>latest</c>. Null if there is none.</summary>
    public CatalogueModel? FindByName(string name) =>
        ModelName.TryParse(name.Trim(), out ModelName? parsed) ? _byName.GetValueOrDefault(parsed.Value) : null;

    /// <summary>
    /// The model that a user means: a name of the manifest, or else the path of a GGUF file (the first part of a split one), which becomes an entry of its
    /// own without known facts. A name goes before a file that is called the same: <c>./smollm2</c> means the file.
    /// </summary>
    /// <param name="nameOrPath">What the user wrote.</param>
    /// <returns>An entry whose <see cref="CatalogueModel.Path"/> is an existing file.</returns>
    /// <exception cref="ModelCatalogueException">There is no such name and no such file, or the file of the name is missing or incomplete.</exception>
    public CatalogueModel Resolve(string nameOrPath)
    {
        if (FindByName(nameOrPath) is { } model)
        {
            return Check(model, nameOrPath);
        }
        if (File.Exists(nameOrPath))
        {
            return new CatalogueModel { Names = [System.IO.Path.GetFileNameWithoutExtension(nameOrPath)], Path = System.IO.Path.GetFullPath(nameOrPath) };
        }
        throw new ModelCatalogueException(nameOrPath.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            ? $"There is no file '{nameOrPath}'."
            : $"There is no model '{nameOrPath}'; {Advice(nameOrPath)}. Any other model runs by the path of its GGUF file, for example ./{FileNameOf(nameOrPath)}.gguf.");
    }

    /// <summary>
    /// Under which name a registry has what a user calls by a short name. Names of the reference's own repository stay as they are, so that every tag of a
    /// library that an entry speaks of can be had, and so do names that the manifest does not know.
    /// </summary>
    /// <param name="name">What the user wants.</param>
    /// <returns>The name to ask a registry for; <paramref name="name"/> itself if the manifest has nothing better.</returns>
    public ModelName ReferenceOf(ModelName name) =>
        _byName.GetValueOrDefault(name)?.Reference is { } reference && !IsSameRepository(reference, name) ? reference : name;

    /// <summary>The known name that somebody meant who mistyped one; null if none is near.</summary>
    public string? Nearest(string name) => NearestName.Of(name.Trim(), Models.SelectMany(model => model.Names));

    private static CatalogueModel Check(CatalogueModel model, string name)
    {
        if (model.Path is null)
        {
            throw new ModelCatalogueException(
                $"The model '{name}' does not come with this program: fetch it with 'localllm pull {name}', or give the path of its GGUF file.");
        }
        FileInfo file = new(model.Path);
        if (!file.Exists)
        {
            throw new ModelCatalogueException($"The file of the model '{name}' is missing: '{model.Path}'; restore it from the checkout or the release.");
        }
        if (file.Length != model.Size)
        {
            throw new ModelCatalogueException(
                $"The file of the model '{name}' has {file.Length} bytes where {model.Size} are right: '{model.Path}' is incomplete or changed; restore it from the checkout or the release.");
        }
        return model;
    }

    private static bool IsSameRepository(ModelName a, ModelName b) =>
        ModelName.TryParse($"{a.Host}/{a.Namespace}/{a.Model}:{b.Tag}", out ModelName? of) && of.Value == b;

    private string Advice(string name) => Models.Count == 0
        ? $"no {FileName} was found beside or above the program, so it knows no names"
        : $"{(Nearest(name) is { } nearest ? $"did you mean '{nearest}'? " : "")}'localllm search' lists the names that are known";

    private static string FileNameOf(string name) => string.Concat(name.Split('/', '\\', ':')[^1].Where(char.IsLetterOrDigit)) is { Length: > 0 } letters ? letters : "model";
}
