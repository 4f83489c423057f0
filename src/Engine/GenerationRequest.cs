using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Templates;

namespace LocalLlm.Engine;

/// <summary>What to generate. Exactly one of <see cref="Messages"/> and <see cref="Prompt"/> is set.</summary>
public sealed record GenerationRequest
{
    /// <summary>A conversation, rendered by the model's chat template; a last <c>assistant</c> turn is continued.</summary>
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>Text to continue verbatim, special tokens parsed.</summary>
    public string? Prompt { get; init; }

    /// <summary>Tokens of an earlier exchange (<see cref="GenerationFinished.Context"/>), put before everything else.</summary>
    public IReadOnlyList<int> Context { get; init; } = [];

    /// <summary>Tool definitions in OpenAI's JSON form, handed to the template.</summary>
    public IReadOnlyList<JsonObject> Tools { get; init; } = [];

    /// <summary>A template to use instead of the one in the model's file; null for that one.</summary>
    public TemplateSource? Template { get; init; }

    /// <summary>Text that follows what is to be generated, beside <see cref="Prompt"/>; needs a <see cref="Template"/> in Go's language that says how (<c>.Suffix</c>). Null for none.</summary>
    public string? Suffix { get; init; }

    /// <summary>Whether the model shall think, for templates that ask (<c>enable_thinking</c>); null leaves the template's default.</summary>
    public bool? Think { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Texts that end the answer; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Most tokens to generate; null for as many as the context holds. 0 generates nothing.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Positions that this request may use, at most <see cref="ModelDescription.MaxContextLength"/>; null for <see cref="ModelDescription.ContextLength"/>.</summary>
    public int? ContextLength { get; init; }

    /// <summary>If the prompt does not fit: drop the oldest messages (true), or refuse with <see cref="TextEngineErrorKind.ContextOverflow"/> (false).</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>If the context fills up while generating: discard the oldest half of what may go (true), or stop with <see cref="FinishReason.Length"/>.</summary>
    public bool Shift { get; init; } = true;

    /// <summary>Tokens at the start of the prompt that truncation and shift never discard; -1 for the whole prompt.</summary>
    public int Keep { get; init; } = 4;

    /// <summary>Who asks: requests of different clients take turns, those of one are served in the order in which they came. Any text.</summary>
    public string Client { get; init; } = "";

    /// <summary>Reports the log-probability of each token.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>How many of the likeliest tokens to report with each token, 0 to 20.</summary>
    public int TopLogProbabilities { get; init; }
}

/// <summary>Texts to embed.</summary>
public sealed record EmbeddingRequest
{
    /// <summary>The texts; empty if they are given as <see cref="Tokens"/>.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Texts as the model's own token ids, instead of <see cref="Inputs"/>; begin and end tokens that the model wants are added where they are missing. Null for none.</summary>
    public IReadOnlyList<int[]>? Tokens { get; init; }

    /// <summary>Cut inputs that are too long (true), or refuse them.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Keep this many leading components and normalise again; null, or out of 1..length-1, keeps all.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Positions that one input may use; null for what the model was loaded with.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Who asks, as in <see cref="GenerationRequest.Client"/>.</summary>
    public string Client { get; init; } = "";
}

/// <summary>Embeddings of the inputs, in their order.</summary>
/// <param name="Vectors">One L2-normalised vector for each input.</param>
/// <param name="PromptTokens">Tokens evaluated, over all inputs.</param>
public sealed record EmbeddingResult(IReadOnlyList<float[]> Vectors, int PromptTokens);
