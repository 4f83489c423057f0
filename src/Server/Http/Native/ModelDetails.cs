using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http.Native;

/// <summary>What kind of model a file holds; part of several answers.</summary>
internal sealed record ModelDetails
{
    /// <summary>The model that this one was made from; empty if it was not made from one.</summary>
    public string ParentModel { get; init; } = "";

    /// <summary><c>gguf</c>, or <c>safetensors</c> of models that cannot be run.</summary>
    public string Format { get; init; } = "gguf";

    /// <summary>GGUF architecture.</summary>
    public required string Family { get; init; }

    /// <summary>The architecture again, as a list, with those of projectors.</summary>
    public required IReadOnlyList<string> Families { get; init; }

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
        Families = [facts.Architecture],
        ParameterSize = HumanNumber.Of(facts.ParameterCount),
        QuantizationLevel = facts.Quantization,
        ContextLength = facts.ContextLength,
        EmbeddingLength = facts.EmbeddingLength,
    };

    /// <summary>The details of a model of the store: what its config says, and of its file what that leaves open.</summary>
    public static ModelDetails Of(StoredModel stored, GgufFacts? facts)
    {
        ModelConfig config = stored.Config;
        string family = config.ModelFamily ?? facts?.Architecture ?? "";
        return new ModelDetails
        {
            ParentModel = stored.Parent ?? "",
            Format = config.ModelFormat ?? "gguf",
            Family = family,
            Families = config.ModelFamilies ?? [family],
            ParameterSize = config.ModelType ?? (facts is null ? "" : HumanNumber.Of(facts.ParameterCount)),
            QuantizationLevel = config.FileType ?? facts?.Quantization ?? "",
            ContextLength = facts?.ContextLength ?? config.ContextLength,
            EmbeddingLength = facts?.EmbeddingLength ?? config.EmbeddingLength,
        };
    }
}
