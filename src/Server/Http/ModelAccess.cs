using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http;

/// <summary>
/// How a request comes to its model: through the queue, then to a lease on the loaded model. If the engine is lost before anything of the answer has gone
/// out, the request is run a second time on a new one, which its client never learns.
/// </summary>
/// <param name="resident">The models in memory.</param>
/// <param name="queue">Bounds what waits.</param>
/// <param name="stop">The end of the server.</param>
/// <param name="log">Gets what clients don't see.</param>
internal sealed class ModelAccess(ResidentModels resident, AdmissionQueue queue, GracefulStop stop, ILogger<ModelAccess> log)
{
    /// <summary>The models in memory.</summary>
    public ResidentModels Resident => resident;

    /// <summary>Answers a request that computes.</summary>
    /// <param name="context">Of the client.</param>
    /// <param name="model">What it asks.</param>
    /// <param name="keepAlive">How long the model shall stay after it; null leaves it as it is.</param>
    /// <param name="answer">Answers with the loaded model; run again if the engine is lost before the answer began.</param>
    /// <exception cref="RequestException">503: too many wait; 500: the model cannot be loaded as it stands in the store.</exception>
    public async Task RunAsync(HttpContext context, ServedModel model, KeepAlive? keepAlive, Func<ModelCall, Task> answer)
    {
        RefuseDefect(model);
        using IDisposable place = queue.TryEnter(model) ?? throw RequestException.Busy();
        try
        {
            await RunOnceAsync(context, model, keepAlive, answer);
        }
        catch (TextEngineException lost) when (lost.Kind == TextEngineErrorKind.Lost && !context.Response.HasStarted && !stop.Begun.IsCancellationRequested)
        {
            log.LogWarning("{Path} is run again on a new engine: {Reason}", context.Request.Path, lost.Message);
            await RunOnceAsync(context, model, keepAlive, answer);
        }
    }

    /// <summary>Computes what a request asks. The model is free again before the answer is sent, so that a client that reads slowly, or not at all, does not keep it.</summary>
    /// <returns>What was computed.</returns>
    /// <inheritdoc cref="RunAsync"/>
    public async Task<T> ComputeAsync<T>(HttpContext context, ServedModel model, KeepAlive? keepAlive, Func<ModelCall, Task<T>> answer)
    {
        T computed = default!;
        await RunAsync(context, model, keepAlive, async call => computed = await answer(call));
        return computed;
    }

    /// <summary>Answers a request that only loads: it never waits in the queue.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public async Task RunOnceAsync(HttpContext context, ServedModel model, KeepAlive? keepAlive, Func<ModelCall, Task> answer)
    {
        RefuseDefect(model);
        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop.Begun);
        using ModelLease lease = await resident.AcquireAsync(model, keepAlive, waiting.Token);
        try
        {
            await answer(new ModelCall(context, lease.Engine, stop));
        }
        catch (TextEngineException lost) when (lost.Kind == TextEngineErrorKind.Lost)
        {
            lease.ReportLost();
            throw;
        }
    }

    private static void RefuseDefect(ServedModel model)
    {
        if (model.Defect is { } defect)
        {
            throw new RequestException(StatusCodes.Status500InternalServerError, defect);
        }
    }
}
