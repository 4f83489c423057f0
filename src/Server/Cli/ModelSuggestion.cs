using System.Text.Json;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Cli;

/// <summary>What is put after an error about a model that is not there: the name that was perhaps meant.</summary>
internal static class ModelSuggestion
{
    private const string Latest = ":latest";

    /// <summary><c>; did you mean 'x'?</c> of the names of a server, or nothing.</summary>
    /// <param name="name">What the user wrote.</param>
    /// <param name="list">Answer of <c>/api/tags</c>.</param>
    public static string For(string name, JsonElement list) => For(name, NamesOf(list));

    /// <summary><c>; did you mean 'x'?</c> of some names, or nothing.</summary>
    public static string For(string name, IEnumerable<string> names) =>
        NearestName.Of(name.Trim(), names.Select(Short)) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>The server's sentence of an error answer; if a model is not there, with the name that was perhaps meant.</summary>
    public static async Task<ServerErrorException> ErrorOfAsync(ServerClient server, int status, JsonElement answer, string name, CancellationToken cancellationToken)
    {
        ServerErrorException error = ServerClient.ErrorOf(status, answer);
        return status == StatusCodes.Status404NotFound ? new ServerErrorException(status, error.Message + await AskAsync(server, name, cancellationToken)) : error;
    }

    /// <summary><c>; did you mean 'x'?</c> of the names that a server has, or nothing.</summary>
    public static async Task<string> AskAsync(ServerClient server, string name, CancellationToken cancellationToken)
    {
        (int status, JsonElement list) = await server.AskAsync(HttpMethod.Get, "api/tags", null, cancellationToken);
        return status == StatusCodes.Status200OK ? For(name, list) : "";
    }

    /// <summary>The names of an answer of <c>/api/tags</c>.</summary>
    public static IReadOnlyList<string> NamesOf(JsonElement list) =>
        list.ValueKind == JsonValueKind.Object && list.TryGetProperty("models", out JsonElement models) && models.ValueKind == JsonValueKind.Array
            ? [.. models.EnumerateArray().Select(model => model.GetProperty("name").GetString()!)]
            : [];

    /// <summary>A name without the tag that is meant where none is written.</summary>
    public static string Short(string name) => name.EndsWith(Latest, StringComparison.Ordinal) ? name[..^Latest.Length] : name;
}
