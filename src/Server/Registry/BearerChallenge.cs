using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace LocalLlm.Server.Registry;

/// <summary>
/// What a registry says with status 401: where a token is to be had, and what for (<c>WWW-Authenticate: Bearer realm="...",service="...",scope="..."</c>,
/// Docker's token authentication).
/// </summary>
/// <param name="Realm">Address that gives tokens.</param>
/// <param name="Service">The name that the registry goes by there; null if not given.</param>
/// <param name="Scope">What the token is to allow, words separated by spaces; null if not given.</param>
internal sealed partial record BearerChallenge(Uri Realm, string? Service, string? Scope)
{
    /// <summary>Reads the challenge of an answer.</summary>
    /// <param name="headers">Of the answer.</param>
    /// <param name="repository">Where it came from: tokens are asked for there and nowhere else, in no less safe a way.</param>
    /// <exception cref="RegistryException">There is none, or it leads elsewhere.</exception>
    public static BearerChallenge Of(HttpResponseHeaders headers, RegistryRepository repository)
    {
        string? parameters = headers.WwwAuthenticate.FirstOrDefault(header => header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))?.Parameter;
        if (parameters is null)
        {
            throw new RegistryException($"{repository.Root.Authority} refuses to give out '{repository.Name}' without a login (status 401), and names no way that this program knows");
        }
        Dictionary<string, string> values = new(StringComparer.OrdinalIgnoreCase);
        foreach (Match match in Parameter.Matches(parameters))
        {
            values[match.Groups["key"].Value] = match.Groups["quoted"].Success ? match.Groups["quoted"].Value : match.Groups["plain"].Value;
        }
        if (!Uri.TryCreate(values.GetValueOrDefault("realm"), UriKind.Absolute, out Uri? realm))
        {
            throw new RegistryException($"{repository.Root.Authority} asks for a token but does not say where it is to be had (realm=\"{values.GetValueOrDefault("realm")}\")");
        }
        return repository.Owns(realm)
            ? new BearerChallenge(realm, values.GetValueOrDefault("service"), values.GetValueOrDefault("scope"))
            : throw new RegistryException($"realm host \"{realm.Scheme}://{realm.Authority}\" does not match original host \"{repository.Root.Scheme}://{repository.Root.Authority}\"");
    }

    /// <summary>The address to ask for a token without a login.</summary>
    public Uri TokenAddress()
    {
        List<string> query = [.. Realm.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)];
        if (Service is { Length: > 0 })
        {
            query.Add($"service={Uri.EscapeDataString(Service)}");
        }
        query.AddRange((Scope ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(scope => $"scope={Uri.EscapeDataString(scope)}"));
        return new UriBuilder(Realm) { Query = string.Join('&', query) }.Uri;
    }

    [GeneratedRegex("(?<key>[A-Za-z_]+)\\s*=\\s*(?:\"(?<quoted>[^\"]*)\"|(?<plain>[^\\s,\"]+))", RegexOptions.CultureInvariant)]
    private static partial Regex Parameter { get; }
}
