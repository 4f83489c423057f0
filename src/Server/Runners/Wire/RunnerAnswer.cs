using System.Text.Json.Serialization;
using LocalLlm.Engine;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>
/// One message of an answer: exactly one of the properties is set. A generation is answered by its events, any other call by its result, if many
/// vectors belong to that, by these piece by piece before it; an
/// <see cref="Error"/> may come instead of either, and nothing after it.
/// </summary>
internal sealed record RunnerAnswer
{
    /// <summary>A generation's first event.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GenerationStarted? Started { get; set; }

    /// <summary>A generation's text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TextDelta? Delta { get; set; }

    /// <summary>A generation's last event.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GenerationFinished? Finished { get; set; }

    /// <summary>The next vectors of <see cref="Embedding"/>, which has only those that come after them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<float[]>? Vectors { get; set; }

    /// <summary>The result of <see cref="RunnerCall.Embed"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EmbeddingResult? Embedding { get; set; }

    /// <summary>The result of <see cref="RunnerCall.Rerank"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RerankResult? Ranking { get; set; }

    /// <summary>The result of <see cref="RunnerCall.Render"/> or <see cref="RunnerCall.Detokenize"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; set; }

    /// <summary>The result of <see cref="RunnerCall.Tokenize"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int[]? Tokens { get; set; }

    /// <summary>Why the call failed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RunnerError? Error { get; set; }

    /// <summary>The event, if it is one.</summary>
    [JsonIgnore]
    public GenerationEvent? Event => (GenerationEvent?)Delta ?? (GenerationEvent?)Started ?? Finished;

    /// <summary>Whether nothing follows: anything but a generation's earlier events and vectors.</summary>
    [JsonIgnore]
    public bool IsLast => Delta is null && Started is null && Vectors is null;

    /// <summary>The message of an event.</summary>
    public static RunnerAnswer Of(GenerationEvent item) => item switch
    {
        TextDelta delta => new RunnerAnswer { Delta = delta },
        GenerationStarted started => new RunnerAnswer { Started = started },
        GenerationFinished finished => new RunnerAnswer { Finished = finished },
        _ => throw new NotSupportedException($"{item.GetType().Name} has no place in the runner's protocol."),
    };
}
