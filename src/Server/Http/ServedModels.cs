using System.Collections.Concurrent;
using LocalLlm.Engine.Templates;
using LocalLlm.Gguf;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http;

/// <summary>The models that requests can name, and what their files say. Those of the store go before those that the program or its command line offers.</summary>
internal sealed class ServedModels
{
    private readonly Dictionary<ModelName, ServedModel> _offered = [];
    private readonly ConcurrentDictionary<string, CachedFacts> _facts = [];
    private readonly StoredModels? _stored;

    /// <summary>Offers models.</summary>
    /// <param name="offered">Models that are not in the store; where two claim a name, the first has it.</param>
    /// <param name="store">The store; null for none.</param>
    /// <param name="goTemplates">When prompts are made with the <c>TEMPLATE</c> of models of the store.</param>
    /// <exception cref="ArgumentException">A name is none.</exception>
    public ServedModels(IEnumerable<ServedModel> offered, ModelStore? store, GoTemplates goTemplates = GoTemplates.Preferred)
    {
        _stored = store is null ? null : new StoredModels(store, goTemplates);
        foreach (ServedModel model in offered)
        {
            foreach (string name in model.Names)
            {
                ModelName parsed = ModelName.TryParse(name, out ModelName? valid)
                    ? valid.Value
                    : throw new ArgumentException($"\"{name}\" is not a model name: write [namespace/]model[:tag] with letters, digits, \"-\", \"_\" and \".\"");
                _offered.TryAdd(parsed, model);
            }
        }
    }

    /// <summary>The store.</summary>
    /// <exception cref="RequestException">500: this server has none.</exception>
    public ModelStore Store => _stored?.Store ?? throw new RequestException(StatusCodes.Status500InternalServerError, "this server has no model store: start it with OLLAMA_MODELS set to a folder");

    /// <summary>All names whose model is there.</summary>
    /// <param name="tellBroken">Gets a sentence for each manifest of the store that cannot be read.</param>
    public IReadOnlyList<(ModelName Name, ServedModel Model)> Present(Action<string>? tellBroken = null)
    {
        (IReadOnlyList<ServedModel> stored, IReadOnlyList<string> broken) = _stored?.List() ?? ([], []);
        foreach (string sentence in broken)
        {
            tellBroken?.Invoke(sentence);
        }
        Dictionary<ModelName, ServedModel> present = [];
        foreach (ServedModel model in stored)
        {
            present.TryAdd(model.Stored!.Manifest.Name, model);
        }
        foreach ((ModelName name, ServedModel model) in _offered)
        {
            if (File.Exists(model.Path))
            {
                present.TryAdd(name, model);
            }
        }
        return [.. present.Select(entry => (entry.Key, entry.Value))];
    }

    /// <summary>The model that a request names; null if there is none. It may have a defect that keeps it from being loaded.</summary>
    /// <exception cref="RequestException">400: the name is malformed; 403: it means a model in Ollama's cloud.</exception>
    /// <exception cref="StoreException">The model's manifest is broken.</exception>
    public ServedModel? Find(string reference)
    {
        ModelName name = NameOf(reference);
        return _stored?.Find(name) ?? FindOffered(name);
    }

    /// <summary>A model that is not in the store; null if there is none of that name.</summary>
    public ServedModel? FindOffered(ModelName name) => _offered.TryGetValue(name, out ServedModel? model) && File.Exists(model.Path) ? model : null;

    /// <summary>Reads a reference: spaces around it go, as does the suffix <c>:local</c>.</summary>
    /// <exception cref="RequestException">As <see cref="Find"/>.</exception>
    public static ModelName NameOf(string reference)
    {
        string name = reference.Trim();
        bool local = TryCut(ref name, ":local");
        bool cloud = TryCut(ref name, ":cloud") || name.EndsWith("-cloud", StringComparison.OrdinalIgnoreCase) && name.Contains(':', StringComparison.Ordinal);
        if (local && cloud)
        {
            throw RequestException.BadRequest("use either :local or :cloud, not both");
        }
        if (!ModelName.TryParse(name, out ModelName? parsed))
        {
            throw RequestException.BadRequest("invalid model name");
        }
        return !cloud
            ? parsed.Value
            : throw new RequestException(StatusCodes.Status403Forbidden, "ollama cloud is disabled: remote model is unavailable");
    }

    /// <summary>The first name of a model, for lists.</summary>
    public static ModelName MainNameOf(ServedModel model) =>
        ModelName.TryParse(model.Names[0], out ModelName? name) ? name.Value : throw new InvalidOperationException("Names were checked before.");

    /// <summary>
    /// What a model's file says; read again only when the file changes, because clients ask around every request. Of a file that is gone while its model is
    /// still in memory, what it said last.
    /// </summary>
    /// <exception cref="GgufFormatException">The file is broken.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public GgufFacts FactsOf(ServedModel model)
    {
        FileInfo file = new(model.Path);
        if (_facts.TryGetValue(model.Path, out CachedFacts? cached)
            && (!file.Exists || (cached.Length == file.Length && cached.Changed == file.LastWriteTimeUtc)))
        {
            return cached.Facts;
        }
        GgufFacts facts = GgufFacts.Read(model.Path);
        _facts[model.Path] = new CachedFacts(file.Length, file.LastWriteTimeUtc, facts);
        return facts;
    }

    /// <summary>What lists show of a model.</summary>
    /// <exception cref="GgufFormatException">The file is broken; of a model of the store, its config is shown then.</exception>
    /// <exception cref="IOException">The file cannot be read; likewise.</exception>
    public ModelSummary Summarize(ServedModel model) =>
        model.Stored is { } stored ? ModelSummary.Of(stored, TryFactsOf(model)) : ModelSummary.Of(model, FactsOf(model));

    /// <summary>What a model's file says; null if there is none that can be read.</summary>
    public GgufFacts? TryFactsOf(ServedModel model)
    {
        try
        {
            return model.Path.Length == 0 ? null : FactsOf(model);
        }
        catch (Exception exception) when (exception is GgufFormatException or IOException or UnauthorizedAccessException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>The template that makes the prompt of a request; null for the one in the model's file.</summary>
    /// <param name="model">What the request asks.</param>
    /// <param name="needsTools">Whether it offers tools or speaks of their calls.</param>
    /// <param name="needsThinking">Whether it asks the model to think.</param>
    public TemplateSource? TemplateOf(ServedModel model, bool needsTools, bool needsThinking) =>
        model.Stored?.Prompts is { } prompts && prompts.Serves(TryFactsOf(model)?.Template ?? "", needsTools, needsThinking) ? prompts.Source : null;

    private static bool TryCut(ref string name, string suffix)
    {
        if (!name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }
        name = name[..^suffix.Length];
        return true;
    }

    private sealed record CachedFacts(long Length, DateTime Changed, GgufFacts Facts);
}
