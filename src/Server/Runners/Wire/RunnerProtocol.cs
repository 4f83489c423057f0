namespace LocalLlm.Server.Runners.Wire;

/// <summary>
/// How server and runner talk. All messages are JSON.
/// The runner's standard input brings one <see cref="RunnerStart"/>, a line, and its end tells the runner to end. Its standard output brings
/// <see cref="RunnerReport"/>s, one a line: the model or why there is none, and a sign of life every <see cref="Heartbeat"/>. All calls of the engine share
/// one connection to the runner's Unix socket (<see cref="FrameConnection"/>): a frame with a new call number brings a <see cref="RunnerCall"/>, frames with
/// that number bring its <see cref="RunnerAnswer"/>s back until one is the last, and an empty frame cancels it. Frames of a call that is over, or
/// is not known, mean nothing: both sides may end it at once. Closing the connection cancels all calls.
/// </summary>
internal static class RunnerProtocol
{
    /// <summary>Raised with every change that an older side would misunderstand: the program may be replaced on disk while a server runs.</summary>
    public const int Version = 4;

    /// <summary>Time between two signs of life.</summary>
    public static TimeSpan Heartbeat { get; } = TimeSpan.FromMilliseconds(500);
}
