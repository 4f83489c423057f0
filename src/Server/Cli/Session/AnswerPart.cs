using LocalLlm.Engine;

namespace LocalLlm.Server.Cli.Session;

/// <summary>A piece of an answer.</summary>
internal sealed record AnswerPart
{
    /// <summary>Text of the answer.</summary>
    public string Text { get; init; } = "";

    /// <summary>Text of what the model thinks before it answers.</summary>
    public string Thinking { get; init; } = "";

    /// <summary>Names of tools that the model wants to call, though it was given none.</summary>
    public IReadOnlyList<string> ToolCalls { get; init; } = [];

    /// <summary>Set in the last piece.</summary>
    public AnswerEnd? End { get; init; }
}

/// <summary>What is known of an answer when it has ended.</summary>
/// <param name="Total">Time from the question to the end.</param>
/// <param name="Load">Time until the model was ready; zero if it was.</param>
/// <param name="Usage">Counts and times.</param>
/// <param name="DroppedTokens">Tokens of the conversation that did not fit its context.</param>
/// <param name="ContextLength">Positions of that context; null where they are not known here.</param>
internal sealed record AnswerEnd(TimeSpan Total, TimeSpan Load, GenerationUsage Usage, int DroppedTokens, int? ContextLength);
