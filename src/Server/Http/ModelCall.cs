using LocalLlm.Engine;

namespace LocalLlm.Server.Http;

/// <summary>A request's use of a loaded model: what it computes carries the client's address and ends with the server.</summary>
/// <param name="context">Of the client.</param>
/// <param name="engine">The model.</param>
/// <param name="stop">The end of the server.</param>
internal sealed class ModelCall(HttpContext context, ITextEngine engine, GracefulStop stop)
{
    /// <summary>The model.</summary>
    public ITextEngine Engine => engine;

    /// <summary>What it can be asked to do.</summary>
    public ModelCapabilities Capabilities => engine.Description.Capabilities;

    /// <summary>Begins a generation.</summary>
    /// <exception cref="OperationCanceledException">The client left, or the server stops and the request had not begun.</exception>
    public Task<RunningGeneration> StartAsync(GenerationRequest request) =>
        RunningGeneration.StartAsync(engine, request with { Client = ClientAddress.Of(context) }, context, stop);

    /// <summary>Embeds texts; an error that an empty one of several may have caused names it, as JSON counts.</summary>
    /// <exception cref="OperationCanceledException">The client left, or the server stops.</exception>
    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request)
    {
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop.Over);
        try
        {
            return await engine.EmbedAsync(request with { Client = ClientAddress.Of(context) }, ends.Token);
        }
        catch (TextEngineException e) when (e.Kind == TextEngineErrorKind.InvalidRequest && request.Inputs.Count > 1 && request.Inputs.Contains(""))
        {
            throw new TextEngineException(e.Kind, $"{e.Message} (input[{request.Inputs.TakeWhile(text => text.Length > 0).Count()}] is empty)", e);
        }
    }

    /// <summary>Scores documents.</summary>
    /// <exception cref="OperationCanceledException">The client left, or the server stops.</exception>
    public async Task<RerankResult> RerankAsync(RerankRequest request)
    {
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop.Over);
        return await engine.RerankAsync(request with { Client = ClientAddress.Of(context) }, ends.Token);
    }
}
