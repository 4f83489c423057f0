using LocalLlm.Server.Models;

namespace LocalLlm.Server.Http.Native;

/// <summary>What kind of model a file holds; part of several answers.</summary>
internal sealed record ModelDetails
{
    /// <summary>The model that this one was made from; always empty here.</summary>
    public string ParentModel { get; } = "";

    /// <summary>Always <c>gguf</c>.</summary>
    public string Format { get; } = "gguf";

    /// <summary>GGUF architecture.</summary>
    public required string Family { get; init; }

    /// <summary>The architecture again, as a list.</summary>
    public IReadOnlyList<string> Families => [Family];

    /// <summary>Number of weights for people: <c>134.52M</c>.</summary>
    public required string ParameterSize { get; init; }

    /// <summary>Name of the quantization: <c>Q4_K_M</c>.</summary>
    public required string QuantizationLevel { get; init; }

    /// <summary>Positions that the model was trained for.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Width of an embedding.</summary>
    public int? EmbeddingLength { get; init; }

    /// <summary>The details of a file.</summary>
    public static ModelDetails Of(GgufFacts facts) => new()
    {
        Family = facts.Architecture,
        ParameterSize = HumanNumber.Of(facts.ParameterCount),
        QuantizationLevel = facts.Quantization,
        ContextLength = facts.ContextLength,
        EmbeddingLength = facts.EmbeddingLength,
    };
}
