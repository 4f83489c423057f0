using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Streaming;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/pull</c>: fetches a model and streams how far it is. A client that leaves ends it, unless others wait for the same; what has come stays.</summary>
/// <param name="models">All models.</param>
/// <param name="pull">Fetches.</param>
/// <param name="stopping">The server ends.</param>
internal sealed class PullEndpoint(ServedModels models, Lazy<ModelPull> pull, CancellationToken stopping)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        PullRequest request = PullRequest.Read(await JsonBody.ReadAsync(context.Request, context.RequestAborted));
        if (models.Store.IsReadOnly)
        {
            throw ModelStore.IsReadOnlyError(models.Store.Root);
        }
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        if (!request.Stream)
        {
            PullEvent last = new(PullEvent.Success);
            await pull.Value.RunAsync(request, pullEvent => Task.FromResult(last = pullEvent), ends.Token);
            await ApiJson.SendAsync(context, last, ApiJson.Compact.PullEvent);
            return;
        }
        NdjsonWriter writer = new(context.Response);
        await pull.Value.RunAsync(request, pullEvent => writer.WriteAsync(pullEvent, ApiJson.Compact.PullEvent, ends.Token), ends.Token);
    }
}
