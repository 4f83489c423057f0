using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// Rotary position embedding as a checkpoint's configuration gives it: the base, and how it is stretched beyond the context of the first training
/// (<c>rope_scaling</c>, in files of transformers 5 <c>rope_parameters</c>).
/// </summary>
internal sealed class CheckpointRope
{
    private readonly Action<string, GgufWriter> _addScaling;

    private CheckpointRope(double freqBase, Action<string, GgufWriter> addScaling, float[]? factors = null)
    {
        FreqBase = (float)freqBase;
        Factors = factors;
        _addScaling = addScaling;
    }

    /// <summary>Base of the frequencies.</summary>
    public float FreqBase { get; }

    /// <summary>Llama 3's divisors of the frequencies [head length / 2] for the tensor <c>rope_freqs.weight</c>; null for other models.</summary>
    public float[]? Factors { get; }

    /// <summary>Adds <c>{architecture}.rope.scaling.*</c>, where the embedding is stretched.</summary>
    public void AddScaling(string architecture, GgufWriter writer) => _addScaling($"{architecture}.rope.scaling", writer);

    /// <summary>Reads the settings.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="headLength">Elements of a head.</param>
    /// <param name="contextLength">Positions of the model, after stretching.</param>
    /// <exception cref="TextEngineException">A value is missing or wrong, or the kind of stretching is not supported.</exception>
    public static CheckpointRope Read(JsonSection config, int headLength, int contextLength)
    {
        JsonSection? scaling = config.Section("rope_parameters") ?? config.Section("rope_scaling");
        double freqBase = scaling?.Number("rope_theta") ?? config.Number("rope_theta") ?? 10000;
        if (freqBase < 1)
        {
            throw config.Wrong("rope_theta", "a number from 1");
        }
        // Files of 2023 say type for rope_type.
        string kind = scaling?.Text("rope_type") ?? scaling?.Text("type") ?? "default";
        return kind switch
        {
            "default" => new CheckpointRope(freqBase, (_, _) => { }),
            "linear" => Linear(freqBase, Positive(scaling!, "factor")),
            "llama3" => new CheckpointRope(freqBase, (_, _) => { }, Llama3(freqBase, headLength, scaling!)),
            "yarn" => Yarn(freqBase, scaling!, contextLength),
            _ => throw config.Refused($"RoPE scaling of the kind {GgufFormatException.Quote(kind)} is not supported; supported are linear, llama3 and yarn"),
        };
    }

    private static CheckpointRope Linear(double freqBase, double factor) => new(freqBase, (prefix, writer) =>
    {
        writer.Add($"{prefix}.type", "linear");
        writer.Add($"{prefix}.factor", (float)factor);
    });

    /// <summary>
    /// Llama 3.1's rule (Meta, llama-models, <c>apply_scaling</c>): pairs that turn at least <c>high_freq_factor</c> times over the original context stay
    /// as they are, those that turn at most <c>low_freq_factor</c> times are slowed by the factor, and a ramp lies between.
    /// </summary>
    private static float[] Llama3(double freqBase, int headLength, JsonSection scaling)
    {
        double factor = Positive(scaling, "factor");
        double low = Positive(scaling, "low_freq_factor");
        double high = Positive(scaling, "high_freq_factor");
        double context = Positive(scaling, "original_max_position_embeddings");
        if (high <= low)
        {
            throw scaling.Wrong("high_freq_factor", "above low_freq_factor");
        }
        float[] divisors = new float[headLength / 2];
        for (int i = 0; i < divisors.Length; i++)
        {
            double wavelength = 2 * Math.PI * Math.Pow(freqBase, 2.0 * i / headLength);
            double turns = context / wavelength;
            double keep = (turns - low) / (high - low);
            divisors[i] = turns > high ? 1 : turns < low ? (float)factor : (float)(1 / (((1 - keep) / factor) + keep));
        }
        return divisors;
    }

    private static CheckpointRope Yarn(double freqBase, JsonSection scaling, int contextLength)
    {
        int original = scaling.OptionalCount("original_max_position_embeddings", 1 << 28) ?? contextLength;
        double factor = scaling.Has("factor") ? Positive(scaling, "factor") : (double)contextLength / original;
        if (!scaling.Flag("truncate", true))
        {
            throw scaling.Refused("YaRN without rounding of its ramp (truncate false) is not supported");
        }
        double usual = YarnMagnitude(factor, 1);
        double? magnitude = scaling.Number("attention_factor")
            ?? (scaling.Number("mscale") is { } mscale and not 0 && scaling.Number("mscale_all_dim") is { } all and not 0
                ? YarnMagnitude(factor, mscale) / YarnMagnitude(factor, all)
                : null);
        return new CheckpointRope(freqBase, (prefix, writer) =>
        {
            writer.Add($"{prefix}.type", "yarn");
            writer.Add($"{prefix}.factor", (float)factor);
            writer.Add($"{prefix}.original_context_length", (uint)original);
            AddIfGiven(writer, $"{prefix}.attn_factor", magnitude / usual);
            AddIfGiven(writer, $"{prefix}.yarn_beta_fast", scaling.Number("beta_fast"));
            AddIfGiven(writer, $"{prefix}.yarn_beta_slow", scaling.Number("beta_slow"));
        });
    }

    /// <summary>YaRN's attention factor (Peng et al. 2023, section 3.4); readers of GGUF apply it themselves, with scale 1.</summary>
    private static double YarnMagnitude(double factor, double scale) => factor <= 1 ? 1 : (0.1 * scale * Math.Log(factor)) + 1;

    private static void AddIfGiven(GgufWriter writer, string key, double? value)
    {
        if (value is { } number)
        {
            writer.Add(key, (float)number);
        }
    }

    private static double Positive(JsonSection section, string name) =>
        section.Number(name) is { } number and > 0 ? number : throw section.Wrong(name, "a number above 0");
}
