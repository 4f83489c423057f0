using System.Threading.Channels;
using LocalLlm.Server.Creation;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Streaming;
using LocalLlm.Server.Registry;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/create</c>: makes a model and streams what is being done. A client that leaves ends it.</summary>
/// <param name="models">All models.</param>
/// <param name="pull">Fetches the model to build upon where it is not there.</param>
/// <param name="threads">Threads that compute.</param>
/// <param name="dropsUnused">Whether blobs go that no model uses any more.</param>
/// <param name="stopping">The server ends.</param>
internal sealed class CreateEndpoint(ServedModels models, Lazy<ModelPull> pull, int threads, bool dropsUnused, CancellationToken stopping)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        CreateRequest request = CreateRequest.Read(await JsonBody.ReadAsync(context.Request, context.RequestAborted));
        ModelCreation creation = new(request, CreationSource.Of(request, models, pull));
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        if (!request.Stream)
        {
            await creation.RunAsync(new Workshop(models.Store, threads, _ => { }, ends.Token) { DropsUnused = dropsUnused });
            await ApiJson.SendAsync(context, new CreateProgress(CreateProgress.Success), ApiJson.Compact.CreateProgress);
            return;
        }
        await StreamAsync(context, creation, ends);
    }

    /// <summary>The work runs beside the sending, so that neither waits for the other.</summary>
    private async Task StreamAsync(HttpContext context, ModelCreation creation, CancellationTokenSource ends)
    {
        Channel<CreateProgress> events = Channel.CreateUnbounded<CreateProgress>(new UnboundedChannelOptions { SingleReader = true });
        Workshop shop = new(models.Store, threads, progress => events.Writer.TryWrite(progress), ends.Token) { DropsUnused = dropsUnused };
        Task work = Task.Run(async () =>
        {
            try
            {
                await creation.RunAsync(shop);
            }
            finally
            {
                events.Writer.Complete();
            }
        }, CancellationToken.None);
        try
        {
            NdjsonWriter writer = new(context.Response);
            await foreach (CreateProgress progress in events.Reader.ReadAllAsync(CancellationToken.None))
            {
                await writer.WriteAsync(progress, ApiJson.Compact.CreateProgress, context.RequestAborted);
            }
        }
        catch
        {
            await ends.CancelAsync();
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it removes what it has begun
            throw;
        }
        await work;
    }
}
