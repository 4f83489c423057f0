using System.Text.Json.Serialization;
using LocalLlm.Engine;

namespace LocalLlm.Server.Http.Native;

/// <summary>
/// An item of the stream of <c>/api/chat</c> or <c>/api/generate</c>, or the whole answer. Exactly one of <see cref="Message"/> (chat) and
/// <see cref="Response"/> (generate) is set, in every item, the last included.
/// </summary>
internal sealed record GenerationItem
{
    /// <summary>The model's name as the client wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>When this item was made, RFC 3339 in UTC.</summary>
    public required string CreatedAt { get; init; }

    /// <summary>Text of a chat.</summary>
    public AssistantMessage? Message { get; init; }

    /// <summary>Text of a completion.</summary>
    public string? Response { get; init; }

    /// <summary>Whether this is the last item.</summary>
    public required bool Done { get; init; }

    /// <summary><c>stop</c>, <c>length</c>, <c>load</c> or <c>unload</c>; last item only.</summary>
    public string? DoneReason { get; init; }

    /// <summary>Tokens to continue from; last item of a completion only.</summary>
    public IReadOnlyList<int>? Context { get; init; }

    /// <summary>Nanoseconds from the request's arrival to the end; last item only, as all that follow.</summary>
    public long? TotalDuration { get; init; }

    /// <summary>Nanoseconds from the request's arrival until the model was ready.</summary>
    public long? LoadDuration { get; init; }

    /// <summary>Tokens of the prompt, cached ones included; 0 is written, since clients add it up.</summary>
    public int? PromptEvalCount { get; init; }

    /// <summary>How many of them needed no evaluation.</summary>
    public int? CachedTokens { get; init; }

    /// <summary>Nanoseconds of prompt evaluation.</summary>
    public long? PromptEvalDuration { get; init; }

    /// <summary>Tokens generated; 0 is written, since clients add it up.</summary>
    public int? EvalCount { get; init; }

    /// <summary>Nanoseconds of generation.</summary>
    public long? EvalDuration { get; init; }

    /// <summary>What was dropped from the prompt; null if nothing.</summary>
    public Truncation? Truncation { get; init; }

    /// <summary>Log-probabilities of the tokens behind the text, if asked for.</summary>
    public IReadOnlyList<LogProbabilityEntry>? Logprobs { get; init; }

    /// <summary>What <c>_debug_render_only</c> asked for.</summary>
    [JsonPropertyName("_debug_info")]
    public DebugInfo? DebugInfo { get; init; }
}

/// <summary>What the assistant says.</summary>
/// <param name="Content">The text; never null, since clients concatenate it.</param>
internal sealed record AssistantMessage(string Content)
{
    /// <summary>Always <c>assistant</c>; clients refuse items without it.</summary>
    [JsonPropertyOrder(-1)]
    public string Role { get; } = "assistant";
}

/// <summary>The prompt as rendered.</summary>
/// <param name="RenderedTemplate">What the model would have been given.</param>
/// <param name="ImageCount">Images in it.</param>
internal sealed record DebugInfo(string RenderedTemplate, int ImageCount);
