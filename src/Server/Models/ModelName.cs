using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace LocalLlm.Server.Models;

/// <summary>
/// The name of a model, <c>[host/][namespace/]model[:tag]</c>, with Ollama's defaults filled in. Names that differ only in case are equal.
/// </summary>
public readonly record struct ModelName
{
    /// <summary>The host of names that give none.</summary>
    public const string DefaultHost = "registry.ollama.ai";

    /// <summary>The namespace of names that give none.</summary>
    public const string DefaultNamespace = "library";

    /// <summary>The tag of names that give none.</summary>
    public const string DefaultTag = "latest";

    private const int MaxPartLength = 80;
    private const int MaxHostLength = 350;

    private static readonly SearchValues<char> s_first = SearchValues.Create(LettersAndDigits + "_");
    private static readonly SearchValues<char> s_namespace = SearchValues.Create(LettersAndDigits + "_-");
    private static readonly SearchValues<char> s_model = SearchValues.Create(LettersAndDigits + "_-.");
    private static readonly SearchValues<char> s_host = SearchValues.Create(LettersAndDigits + "_-.:");

    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private ModelName(string host, string @namespace, string model, string tag)
    {
        Host = host;
        Namespace = @namespace;
        Model = model;
        Tag = tag;
    }

    /// <summary>Registry, for example <c>hf.co</c>.</summary>
    public string Host { get; }

    /// <summary>Owner within the registry.</summary>
    public string Namespace { get; }

    /// <summary>The model itself.</summary>
    public string Model { get; }

    /// <summary>Variant of the model.</summary>
    public string Tag { get; }

    /// <summary>All four parts.</summary>
    public string FullName => $"{Host}/{Namespace}/{Model}:{Tag}";

    /// <summary>The shortest text that means this name, its tag always shown: <c>smollm2:latest</c>.</summary>
    public string DisplayName => (Is(Host, DefaultHost), Is(Namespace, DefaultNamespace)) switch
    {
        (true, true) => $"{Model}:{Tag}",
        (true, false) => $"{Namespace}/{Model}:{Tag}",
        _ => FullName,
    };

    /// <summary>Reads a name; a scheme (<c>https://</c>) is allowed and forgotten.</summary>
    /// <returns>False if a part is empty, too long (80 characters, a host 350) or holds a character that names may not have.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out ModelName? name)
    {
        name = null;
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        string rest = scheme < 0 ? text : text[(scheme + 3)..];
        string tag = DefaultTag;
        int colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/'))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
        }
        string[] parts = rest.Split('/');
        if (parts.Length > 3)
        {
            return false;
        }
        string model = parts[^1];
        string @namespace = parts.Length > 1 ? parts[^2] : DefaultNamespace;
        string host = parts.Length > 2 ? parts[^3] : DefaultHost;
        if (!IsPart(model, s_model, MaxPartLength) || !IsPart(tag, s_model, MaxPartLength)
            || !IsPart(@namespace, s_namespace, MaxPartLength) || !IsPart(host, s_host, MaxHostLength))
        {
            return false;
        }
        name = new ModelName(host, @namespace, model, tag);
        return true;
    }

    /// <summary>Whether both mean the same model.</summary>
    public bool Equals(ModelName other) =>
        Is(Host, other.Host) && Is(Namespace, other.Namespace) && Is(Model, other.Model) && Is(Tag, other.Tag);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(FullName);

    /// <summary>The name as people see it (<see cref="DisplayName"/>).</summary>
    public override string ToString() => DisplayName;

    private static bool Is(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);

    private static bool IsPart(string part, SearchValues<char> allowed, int maxLength) =>
        part.Length >= 1 && part.Length <= maxLength && s_first.Contains(part[0]) && !part.AsSpan().ContainsAnyExcept(allowed);
}
