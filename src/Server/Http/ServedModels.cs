using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http;

/// <summary>The models that requests can name, and what their files say.</summary>
internal sealed class ServedModels
{
    private readonly Dictionary<ModelName, ServedModel> _byName = [];
    private readonly ConcurrentDictionary<string, CachedFacts> _facts = [];

    /// <summary>Offers models; where two claim a name, the first has it.</summary>
    /// <exception cref="ArgumentException">A name is none.</exception>
    public ServedModels(IEnumerable<ServedModel> models)
    {
        foreach (ServedModel model in models)
        {
            foreach (string name in model.Names)
            {
                ModelName parsed = ModelName.TryParse(name, out ModelName? valid)
                    ? valid.Value
                    : throw new ArgumentException($"\"{name}\" is not a model name: write [namespace/]model[:tag] with letters, digits, \"-\", \"_\" and \".\"");
                _byName.TryAdd(parsed, model);
            }
        }
    }

    /// <summary>All names whose model is there.</summary>
    public IEnumerable<(ModelName Name, ServedModel Model)> Present =>
        _byName.Where(entry => File.Exists(entry.Value.Path)).Select(entry => (entry.Key, entry.Value));

    /// <summary>The model that a request names; null if there is none.</summary>
    /// <exception cref="RequestException">400: the name is malformed; 403: it means a model in Ollama's cloud.</exception>
    public ServedModel? Find(string reference) =>
        _byName.TryGetValue(NameOf(reference), out ServedModel? model) && File.Exists(model.Path) ? model : null;

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

    /// <summary>What a model's file says; read again only when the file changes, because clients ask around every request.</summary>
    /// <exception cref="LocalLlm.Gguf.GgufFormatException">The file is broken.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public GgufFacts FactsOf(ServedModel model)
    {
        FileInfo file = new(model.Path);
        if (_facts.TryGetValue(model.Path, out CachedFacts? cached) && cached.Length == file.Length && cached.Changed == file.LastWriteTimeUtc)
        {
            return cached.Facts;
        }
        GgufFacts facts = GgufFacts.Read(model.Path);
        _facts[model.Path] = new CachedFacts(file.Length, file.LastWriteTimeUtc, facts);
        return facts;
    }

    /// <summary>
    /// The digest that clients know a model by, 64 hex digits: SHA-256 of a manifest that names the file's own SHA-256 (or its fingerprint,
    /// <see cref="GgufFacts.Fingerprint"/>, where that is not known beforehand) and the model's default options.
    /// </summary>
    public static string DigestOf(ServedModel model, GgufFacts facts)
    {
        string file = model.Sha256 is { } sha256 ? $"sha256:{sha256}" : $"fingerprint:{facts.Fingerprint}";
        string manifest = $"{{\"schemaVersion\":2,\"model\":\"{file}\",\"size\":{facts.FileBytes},\"params\":{model.Defaults?.GetRawText() ?? "{}"}}}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest)));
    }

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
