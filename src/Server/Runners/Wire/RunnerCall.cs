using System.Text.Json.Serialization;
using LocalLlm.Engine;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>One call of a member of <see cref="ITextEngine"/>: exactly one of the properties is set.</summary>
internal sealed record RunnerCall
{
    /// <summary>Asks for <see cref="ITextEngine.GenerateAsync"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GenerationRequest? Generate { get; init; }

    /// <summary>Asks for <see cref="ITextEngine.EmbedAsync"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EmbeddingRequest? Embed { get; init; }

    /// <summary>Asks for <see cref="ITextEngine.RerankAsync"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RerankRequest? Rerank { get; init; }

    /// <summary>Asks for <see cref="ITextEngine.RenderAsync"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GenerationRequest? Render { get; init; }

    /// <summary>Asks for <see cref="ITextEngine.TokenizeAsync"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TokenizeCall? Tokenize { get; init; }

    /// <summary>Asks for <see cref="ITextEngine.DetokenizeAsync"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? Detokenize { get; init; }
}

/// <summary>The arguments of <see cref="ITextEngine.TokenizeAsync"/>.</summary>
/// <param name="Text">Any text.</param>
/// <param name="AddSpecial">Adds begin and end tokens.</param>
/// <param name="ParseSpecial">Reads special tokens written in the text.</param>
internal sealed record TokenizeCall(string Text, bool AddSpecial, bool ParseSpecial);
