using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli.Session;

/// <summary>What a model is asked.</summary>
internal sealed record ChatQuestion
{
    /// <summary>The conversation; what the model itself puts before it is not in it.</summary>
    public required IReadOnlyList<SessionMessage> Messages { get; init; }

    /// <summary>Whether the last message is asked alone, as <c>/api/generate</c> does; before it only a system message may stand.</summary>
    public bool IsSingle { get; init; }

    /// <summary>Options over those of the model, in the API's names.</summary>
    public JsonObject Options { get; init; } = [];

    /// <summary><c>"json"</c> or a schema; null for free text.</summary>
    public JsonNode? Format { get; init; }

    /// <summary>Whether the model shall think: true, false, or a level; null leaves it to the model.</summary>
    public JsonNode? Think { get; init; }

    /// <summary>How long the model shall stay in memory, a Go duration; null leaves it to the server.</summary>
    public string? KeepAlive { get; init; }
}
