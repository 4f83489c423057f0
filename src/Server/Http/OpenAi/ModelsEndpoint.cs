using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary><c>/v1/models</c> and <c>/v1/models/{id}</c>.</summary>
internal sealed class ModelsEndpoint(ServedModels models)
{
    /// <summary>The route parameter of the second route.</summary>
    public const string IdParameter = "id";

    /// <summary>Lists the models.</summary>
    public Task HandleListAsync(HttpContext context)
    {
        ModelList list = new([.. models.Present().Select(entry => EntryOf(entry.Name, entry.Model)).OrderByDescending(entry => entry.Created)]);
        return ApiJson.SendAsync(context, list, ApiJson.Compact.ModelList);
    }

    /// <summary>Shows one model.</summary>
    public Task HandleOneAsync(HttpContext context)
    {
        string id = IdOf(context);
        return ApiJson.SendAsync(context, EntryOf(ServedModels.NameOf(id), Find(id)), ApiJson.Compact.ModelEntry);
    }

    /// <summary>OpenAI's clients can ask to delete a model; one that is not there is told apart from one that may not go.</summary>
    public Task HandleDeleteAsync(HttpContext context)
    {
        string id = IdOf(context);
        Find(id);
        throw new RequestException(StatusCodes.Status405MethodNotAllowed, $"model '{id}' cannot be deleted over this API");
    }

    private ServedModel Find(string id) => models.Find(id) ?? throw RequestException.NotFound($"model '{id}' not found");

    /// <summary>The name in the path. Routing leaves an escaped slash (%2F) escaped, so that it does not part the path.</summary>
    private static string IdOf(HttpContext context) =>
        ((string)context.Request.RouteValues[IdParameter]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static ModelEntry EntryOf(ModelName name, ServedModel model) =>
        new(name.DisplayName, (model.Stored?.Manifest.ModifiedAt ?? File.GetLastWriteTimeUtc(model.Path)).ToUnixTimeSeconds(), name.Namespace);
}
