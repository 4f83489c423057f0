using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Streaming;
using LocalLlm.Server.Models;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/push</c>: sends a model of the store to the registry that its name begins with, and streams how far it is. A client that leaves ends it.</summary>
/// <param name="models">All models.</param>
/// <param name="client">Speaks to registries.</param>
/// <param name="stopping">The server ends.</param>
internal sealed class PushEndpoint(ServedModels models, RegistryClient client, CancellationToken stopping)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        PullRequest request = PullRequest.Read(await JsonBody.ReadAsync(context.Request, context.RequestAborted));
        StoredManifest model = Find(request.Name);
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        if (!request.Stream)
        {
            PullEvent last = new(PullEvent.Success);
            await RunAsync(model, request, pullEvent => Task.FromResult(last = pullEvent), ends.Token);
            await ApiJson.SendAsync(context, last, ApiJson.Compact.PullEvent);
            return;
        }
        NdjsonWriter writer = new(context.Response);
        await RunAsync(model, request, pullEvent => writer.WriteAsync(pullEvent, ApiJson.Compact.PullEvent, ends.Token), ends.Token);
    }

    private async Task RunAsync(StoredManifest model, PullRequest request, Func<PullEvent, Task> tell, CancellationToken cancellationToken)
    {
        await tell(new PullEvent("retrieving manifest"));
        await new ModelPush(client, models.Store).RunAsync(model, (request with { Name = model.Name }).Repository, RateLimit.Of(request.LimitRate), tell, cancellationToken);
    }

    /// <summary>The model; what cannot be sent is refused before anything is.</summary>
    private StoredManifest Find(ModelName name)
    {
        if (models.Store.Find(name) is not { } model)
        {
            throw models.FindOffered(name) is null
                ? RequestException.NotFound($"model '{name}' not found")
                : RequestException.BadRequest($"the model '{name}' is not in the model store: give it a name at a registry first, localllm cp {name} HOST/NAMESPACE/MODEL");
        }
        return !name.Host.Equals(ModelName.DefaultHost, StringComparison.OrdinalIgnoreCase)
            ? model
            : throw RequestException.BadRequest(
                $"{ModelName.DefaultHost} takes models only with a signature of the key of an Ollama account, which LocalLlm does not make: push it with ollama, or give it a name at another registry, localllm cp {name} HOST/NAMESPACE/MODEL");
    }
}
