using System.Text.Json.Serialization;
using LocalLlm.Engine;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>What a runner says of itself. Every one is a sign of life, the empty one too.</summary>
internal sealed record RunnerReport
{
    /// <summary><see cref="RunnerProtocol.Version"/> of the runner, in its first report.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Protocol { get; init; }

    /// <summary>The model: it is loaded, and the socket takes calls. Comes again when it changes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ModelDescription? Description { get; init; }

    /// <summary>What the engine is doing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EngineStatus? Status { get; init; }

    /// <summary>Why the model could not be loaded; the last report.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RunnerError? Error { get; init; }
}
