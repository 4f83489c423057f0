using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/copy</c> and <c>DELETE /api/delete</c>: changes of the store. Success is status 200 without a body.</summary>
internal sealed class StoreEndpoints(ServedModels models)
{
    /// <summary>Gives a model another name; one that is not in the store yet is put there.</summary>
    public async Task HandleCopyAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        (string from, string to) = (body.String("source") ?? "", body.String("destination") ?? "");
        ModelName source = NameOf("source", from), destination = NameOf("destination", to);
        ModelStore store = models.Store;
        if (await Task.Run(() => store.Copy(source, destination), context.RequestAborted))
        {
            return;
        }
        ServedModel offered = models.FindOffered(source) ?? throw RequestException.NotFound($"model \"{from}\" not found");
        await SynthesisedManifest.StoreAsync(store, destination, offered, models.FactsOf(offered), context.RequestAborted);
    }

    /// <summary>Deletes a model; one that is in memory stays there until its time is over.</summary>
    public async Task HandleDeleteAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        string reference = body.String("model") is { Length: > 0 } named ? named : body.String("name") ?? "";
        ModelName name = ServedModels.NameOf(reference);
        if (!await Task.Run(() => models.Store.Delete(name), context.RequestAborted))
        {
            throw models.FindOffered(name) is null
                ? RequestException.NotFound($"model '{reference}' not found")
                : new RequestException(
                    StatusCodes.Status403Forbidden,
                    $"model '{name}' is not in the model store but comes with the program or its command line: it cannot be deleted");
        }
    }

    private static ModelName NameOf(string field, string text) =>
        ModelName.TryParse(text.Trim(), out ModelName? name) ? name.Value : throw RequestException.BadRequest($"{field} \"{text}\" is invalid");
}
