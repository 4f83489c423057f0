namespace LocalLlm.Server.Runners.Wire;

/// <summary>
/// How server and runner talk. All messages are JSON, one a line.
/// The runner's standard input brings one <see cref="RunnerStart"/>, and its end tells the runner to end. Its standard output brings
/// <see cref="RunnerReport"/>s: the model or why there is none, and a sign of life every <see cref="Heartbeat"/>. Each call of the engine has a
/// connection of its own to the runner's Unix socket: one <see cref="RunnerCall"/> goes in, <see cref="RunnerAnswer"/>s come back until the runner
/// closes; whoever closes earlier cancels the call.
/// </summary>
internal static class RunnerProtocol
{
    /// <summary>Raised with every change that an older side would misunderstand: the program may be replaced on disk while a server runs.</summary>
    public const int Version = 1;

    /// <summary>Time between two signs of life.</summary>
    public static TimeSpan Heartbeat { get; } = TimeSpan.FromMilliseconds(500);
}
