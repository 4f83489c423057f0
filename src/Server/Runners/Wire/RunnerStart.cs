using LocalLlm.Engine;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>What a runner is told when it starts; the model's path stands on its command line, where whoever lists processes sees it.</summary>
internal sealed record RunnerStart
{
    /// <summary><see cref="RunnerProtocol.Version"/> of the server.</summary>
    public required int Protocol { get; init; }

    /// <summary>Path of the Unix socket to listen on.</summary>
    public required string Socket { get; init; }

    /// <summary>How to load the model.</summary>
    public required ModelOptions Options { get; init; }
}
