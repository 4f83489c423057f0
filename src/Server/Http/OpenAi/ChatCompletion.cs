using System.Text.Json.Serialization;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary>A whole answer of <c>/v1/chat/completions</c>.</summary>
internal sealed record ChatCompletion
{
    /// <summary>Identifier of this answer.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>chat.completion</c>.</summary>
    public string Object { get; } = "chat.completion";

    /// <summary>Seconds since 1970.</summary>
    public required long Created { get; init; }

    /// <summary>The model's name as the client wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>Always <c>fp_ollama</c>.</summary>
    public string SystemFingerprint { get; } = ChatCompletionChunk.Fingerprint;

    /// <summary>The one answer.</summary>
    public required IReadOnlyList<ChatCompletionChoice> Choices { get; init; }

    /// <summary>Token counts.</summary>
    public required CompletionUsage Usage { get; init; }
}

/// <summary>An answer of a model.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Message">What it says.</param>
/// <param name="Logprobs">Log-probabilities of its tokens, if asked for.</param>
/// <param name="FinishReason"><c>stop</c> or <c>length</c>.</param>
internal sealed record ChatCompletionChoice(int Index, CompletionMessage Message, CompletionLogProbabilities? Logprobs, string FinishReason);

/// <summary>What the assistant says.</summary>
/// <param name="Content">The text; never null.</param>
internal sealed record CompletionMessage(string Content)
{
    /// <summary>Always <c>assistant</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Role { get; } = "assistant";
}

/// <summary>Log-probabilities of an answer.</summary>
/// <param name="Content">One entry for each token.</param>
internal sealed record CompletionLogProbabilities(IReadOnlyList<LogProbabilityEntry> Content);

/// <summary>An event of a streamed answer.</summary>
internal sealed record ChatCompletionChunk
{
    /// <summary>The fingerprint of all answers.</summary>
    public const string Fingerprint = "fp_ollama";

    /// <summary>Identifier of the answer, the same in all of its events.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>chat.completion.chunk</c>; the official client's stream reader ignores events without it.</summary>
    public string Object { get; } = "chat.completion.chunk";

    /// <summary>Seconds since 1970, the same in all events.</summary>
    public required long Created { get; init; }

    /// <summary>The model's name as the client wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>Always <see cref="Fingerprint"/>.</summary>
    public string SystemFingerprint { get; } = Fingerprint;

    /// <summary>The one answer's next part; empty in the event that carries the usage.</summary>
    public required IReadOnlyList<ChunkChoice> Choices { get; init; }

    /// <summary>Token counts; only in the last event, and only if asked for.</summary>
    public CompletionUsage? Usage { get; init; }
}

/// <summary>The next part of an answer.</summary>
/// <param name="Delta">What is added.</param>
/// <param name="Logprobs">Log-probabilities of the added tokens, if asked for.</param>
internal sealed record ChunkChoice(ChunkDelta Delta, CompletionLogProbabilities? Logprobs)
{
    /// <summary>Always 0: there is one answer.</summary>
    [JsonPropertyOrder(-1)]
    public int Index { get; }

    /// <summary>Null until the end, and written as null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
}

/// <summary>What an event adds to the answer; empty in the last.</summary>
/// <param name="Role"><c>assistant</c> in the first event, null after it.</param>
/// <param name="Content">More text.</param>
internal sealed record ChunkDelta(string? Role, string? Content);

/// <summary>Token counts of an answer.</summary>
/// <param name="PromptTokens">Of the prompt, cached ones included.</param>
/// <param name="CompletionTokens">Generated.</param>
/// <param name="PromptTokensDetails">More about the prompt.</param>
internal sealed record CompletionUsage(
    int PromptTokens, int CompletionTokens, [property: JsonPropertyOrder(1)] PromptTokensDetails PromptTokensDetails)
{
    /// <summary>Both together.</summary>
    public int TotalTokens => PromptTokens + CompletionTokens;
}

/// <summary>More about a prompt's tokens.</summary>
/// <param name="CachedTokens">How many needed no evaluation.</param>
internal sealed record PromptTokensDetails(int CachedTokens);
