using LocalLlm.Engine;

namespace LocalLlm.Server.Runners;

/// <summary>What all runners of a server have in common.</summary>
internal sealed record RunnerLaunch
{
    /// <summary>What to run.</summary>
    public required RunnerProgram Program { get; init; }

    /// <summary>Where their sockets are.</summary>
    public required RunnerFolder Folder { get; init; }

    /// <summary>Gets what they complain of and how they end, a line at a time, on any thread.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>Longest silence before a runner counts as hung. Signs of life come from a thread of their own, so a long step is no silence.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a runner may take to end when it is asked to.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Loads a model in a runner.</summary>
    /// <param name="model">Path of a GGUF file.</param>
    /// <param name="options">How to load it.</param>
    /// <param name="cancellationToken">Gives the load up, and ends the runner.</param>
    /// <exception cref="TextEngineException">The model can't be loaded, or the runner ended meanwhile.</exception>
    public Task<RunnerEngine> StartAsync(string model, ModelOptions options, CancellationToken cancellationToken) =>
        RunnerEngine.StartAsync(this, model, options, cancellationToken);
}
