using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Registry;

/// <summary>What a client wants fetched or sent.</summary>
/// <param name="Name">The model.</param>
internal sealed record PullRequest(ModelName Name)
{
    private const string LimitRateField = "limit_rate";

    /// <summary>The name that the registry has it under; null for the same.</summary>
    public ModelName? Reference { get; init; }

    /// <summary>Whether plain HTTP is spoken.</summary>
    public bool Insecure { get; init; }

    /// <summary>Whether the client wants to be told how far it is.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>Who asks the registry; null for anybody.</summary>
    public RegistryLogin? Login { get; init; }

    /// <summary>Most bytes a second for this pull or push; null for no limit of its own.</summary>
    public long? LimitRate { get; init; }

    /// <summary>The model's repository at its registry.</summary>
    public RegistryRepository Repository => new(Reference ?? Name, Insecure) { Login = Login };

    /// <summary>Reads the body of <c>POST /api/pull</c> and <c>/api/push</c>; <c>limit_rate</c>, bytes a second, is an addition to Ollama's fields.</summary>
    /// <exception cref="RequestException">400: a field is wrong.</exception>
    public static PullRequest Read(JsonFields body)
    {
        string reference = body.String("model") is { Length: > 0 } named ? named : body.String("name") ?? "";
        bool insecure = body.Boolean("insecure") ?? false;
        if (!insecure && reference.TrimStart().StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            throw RequestException.BadRequest("insecure protocol http: leave http:// out to use https, or set insecure (--insecure) if the registry knows plain HTTP only");
        }
        return new PullRequest(ServedModels.NameOf(reference))
        {
            Insecure = insecure,
            Login = body.String("username") is { Length: > 0 } username ? new RegistryLogin(username, body.String("password") ?? "") : null,
            Stream = body.Boolean("stream") ?? true,
            LimitRate = body.Int64(LimitRateField) switch
            {
                null or 0 => null,
                > 0 and long rate => rate,
                long rate => throw RequestException.BadRequest($"{LimitRateField} is {rate}: give bytes a second, or 0 for no limit"),
            },
        };
    }
}
