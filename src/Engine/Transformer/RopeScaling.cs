using LocalLlm.Gguf;

namespace LocalLlm.Engine.Transformer;

/// <summary>The ways in which RoPE is stretched beyond the context that a model was first trained for.</summary>
public enum RopeScalingType
{
    /// <summary>Not stretched. Llama 3's own scaling also comes as this, with its factors in the tensor <c>rope_freqs.weight</c>.</summary>
    None,

    /// <summary>Every position is divided by the factor.</summary>
    Linear,

    /// <summary>YaRN (Peng et al. 2023, arXiv:2309.00071): slow pairs are divided by the factor, fast ones stay, a ramp between.</summary>
    Yarn,
}

/// <summary>RoPE scaling as the GGUF keys <c>{arch}.rope.scaling.*</c> give it.</summary>
public sealed record RopeScaling
{
    /// <summary>Kind of scaling.</summary>
    public RopeScalingType Type { get; init; }

    /// <summary>By how much the context is stretched.</summary>
    public float Factor { get; init; } = 1f;

    /// <summary>YaRN: context before stretching.</summary>
    public int OriginalContextLength { get; init; }

    /// <summary>YaRN: multiplies the attention factor.</summary>
    public float AttnFactor { get; init; } = 1f;

    /// <summary>YaRN: pairs that turn more often than this over the original context stay as they are.</summary>
    public float BetaFast { get; init; } = 32f;

    /// <summary>YaRN: pairs that turn less often than this are divided by the factor.</summary>
    public float BetaSlow { get; init; } = 1f;

    /// <summary>Reads the scaling of an architecture.</summary>
    /// <exception cref="TextEngineException">The type is unknown or the factor is no positive number.</exception>
    public static RopeScaling Read(GgufMetadata metadata, string architecture)
    {
        string Key(string name) => $"{architecture}.rope.scaling.{name}";
        string type = metadata.GetString(Key("type"), "none");
        // Files from 2023 carry a linear factor alone.
        float legacy = metadata.GetSingle($"{architecture}.rope.scale_linear", 1f);
        var scaling = new RopeScaling
        {
            Type = type switch
            {
                "none" => legacy == 1f ? RopeScalingType.None : RopeScalingType.Linear,
                "linear" => RopeScalingType.Linear,
                "yarn" => RopeScalingType.Yarn,
                _ => throw Invalid($"{Key("type")} '{type}' is not supported; supported are none, linear and yarn"),
            },
            Factor = metadata.GetSingle(Key("factor"), legacy),
            OriginalContextLength = metadata.GetInt32(Key("original_context_length"), 0),
            AttnFactor = metadata.GetSingle(Key("attn_factor"), 1f),
            BetaFast = metadata.GetSingle(Key("yarn_beta_fast"), 32f),
            BetaSlow = metadata.GetSingle(Key("yarn_beta_slow"), 1f),
        };
        if (scaling.Type != RopeScalingType.None && !(scaling.Factor > 0 && float.IsFinite(scaling.Factor)))
        {
            throw Invalid($"{Key("factor")} {scaling.Factor} is not a positive number");
        }
        if (scaling.Type == RopeScalingType.Yarn && scaling.OriginalContextLength < 1)
        {
            throw Invalid($"{Key("original_context_length")} is missing or below 1");
        }
        return scaling;
    }

    private static TextEngineException Invalid(string what) =>
        new(TextEngineErrorKind.InvalidModel, $"This model cannot be loaded: {what}.");
}
