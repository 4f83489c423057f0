using LocalLlm.Server.Http;
using LocalLlm.Server.Registry;

namespace LocalLlm.Server.Creation;

/// <summary>A model that is fetched first. It stays in the store under its own name.</summary>
/// <param name="models">All models.</param>
/// <param name="pull">Fetches.</param>
/// <param name="request">What is to be fetched.</param>
/// <param name="projectors">Files to use beside it.</param>
internal sealed class PulledSource(ServedModels models, ModelPull pull, PullRequest request, IReadOnlyList<UploadedFile> projectors) : CreationSource
{
    /// <inheritdoc/>
    public override async Task<SourceLayers> TakeAsync(Workshop shop)
    {
        await pull.RunAsync(request, Tell, shop.Cancellation);
        return await OfModel(models, request.Name.FullName, projectors).TakeAsync(shop);

        Task Tell(PullEvent news)
        {
            // Clients take it for the end of all.
            if (news.Status != PullEvent.Success)
            {
                shop.Say(new CreateProgress(news.Status) { Digest = news.Digest, Total = news.Total, Completed = news.Completed });
            }
            return Task.CompletedTask;
        }
    }
}
