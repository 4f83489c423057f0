using System.Text.Json;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>What a model class of Hugging Face transformers is called in GGUF, and in what the two differ.</summary>
internal sealed record CheckpointArchitecture
{
    private static readonly CheckpointArchitecture[] s_all =
    [
        new() { ClassPrefix = "Llama", Name = "llama", PermutesHeads = true },
        new() { ClassPrefix = "Qwen2", Name = "qwen2", HasQkvBias = true },
        new() { ClassPrefix = "Qwen3", Name = "qwen3", NormalisesHeads = true, DefaultHeadLength = 128 },
    ];

    /// <summary>Beginning of the class names: <c>LlamaForCausalLM</c>, and <c>LlamaModel</c> for the model without its output head.</summary>
    public required string ClassPrefix { get; init; }

    /// <summary><c>general.architecture</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Whether GGUF stores the rows of q and k in another order, because its RoPE turns adjacent elements instead of halves.</summary>
    public bool PermutesHeads { get; init; }

    /// <summary>Whether q, k and v always have biases; elsewhere they are taken where the checkpoint has them.</summary>
    public bool HasQkvBias { get; init; }

    /// <summary>Whether the heads of q and k have an RMSNorm of their own.</summary>
    public bool NormalisesHeads { get; init; }

    /// <summary>Length of a head where the configuration does not say; null for hidden size / heads.</summary>
    public int? DefaultHeadLength { get; init; }

    /// <summary>The classes that can be converted, for messages.</summary>
    public static string Supported => string.Join(", ", s_all.Select(architecture => $"{architecture.ClassPrefix}ForCausalLM"));

    /// <summary>Finds the architecture of a configuration.</summary>
    /// <exception cref="TextEngineException">It cannot be converted.</exception>
    public static CheckpointArchitecture Of(JsonSection config)
    {
        JsonElement first = config.Items("architectures").FirstOrDefault();
        if (first.ValueKind == JsonValueKind.Undefined)
        {
            throw config.Refused("architectures does not name the model's class");
        }
        string name = config.TextOf("architectures", first);
        if (Array.Find(s_all, architecture => name == $"{architecture.ClassPrefix}ForCausalLM" || name == $"{architecture.ClassPrefix}Model") is { } found)
        {
            return found;
        }
        string kind = name.Contains("Moe", StringComparison.Ordinal) ? "models with experts such as " : "the architecture ";
        throw config.Refused($"{kind}{GgufFormatException.Quote(name)} cannot be converted; those that can are {Supported}, {EncoderCheckpointConfig.Supported}");
    }
}
