using LocalLlm.Engine;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Residency;

/// <summary>One load with a bound on its time.</summary>
internal static class ModelLoading
{
    /// <summary>Loads a model, or gives the load up when it takes too long.</summary>
    /// <param name="load">Loads.</param>
    /// <param name="model">Which.</param>
    /// <param name="cacheBytes">Bytes granted to keys and values; null leaves it to the engine.</param>
    /// <param name="timeout">The bound; zero or less for none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives the load up.</param>
    /// <returns>The loaded model, and what goes on behind it: a load that would not be given up in time; complete if nothing does.</returns>
    public static async Task<(Task<ITextEngine> Result, Task Remainder)> RunAsync(
        EngineFactory load, ServedModel model, long? cacheBytes, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TaskCompletionSource tooLate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ITimer? timer = timeout <= TimeSpan.Zero || KeepAlive.For(timeout).Duration is null
            ? null
            : time.CreateTimer(_ => tooLate.TrySetResult(), null, timeout, Timeout.InfiniteTimeSpan);
        Task<ITextEngine> loading = BeginAsync(load, model, cacheBytes, giveUp.Token);
        if (await Task.WhenAny(loading, tooLate.Task) == loading)
        {
            return (loading, Task.CompletedTask);
        }
        await giveUp.CancelAsync();
        TextEngineException failure = new(
            TextEngineErrorKind.Internal,
            $"loading \"{model.Names[0]}\" took longer than {GoDuration.Format(timeout)} and was given up: set OLLAMA_LOAD_TIMEOUT to a longer time");
        return (Task.FromException<ITextEngine>(failure), DiscardAsync(loading));
    }

    /// <summary>A factory that throws at once fails as one that throws later.</summary>
    private static async Task<ITextEngine> BeginAsync(EngineFactory load, ServedModel model, long? cacheBytes, CancellationToken cancellationToken) =>
        await load(model, cacheBytes, cancellationToken);

    /// <summary>Unloads what comes too late.</summary>
    private static async Task DiscardAsync(Task<ITextEngine> loading)
    {
        await loading.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (loading.IsCompletedSuccessfully)
        {
            await loading.Result.DisposeAsync();
        }
    }
}
