namespace LocalLlm.Engine.Sampling;

/// <summary>How the next token is chosen from the logits. The defaults are Ollama's.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the likeliest token always.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Keeps the k likeliest tokens; 0 or less keeps all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>Keeps the likeliest tokens whose probabilities reach this sum; 1 or more keeps all.</summary>
    public float TopP { get; init; } = 0.9f;

    /// <summary>Drops tokens less likely than this share of the likeliest one's probability; 0 keeps all.</summary>
    public float MinP { get; init; }

    /// <summary>Locally typical sampling (Meister et al. 2022, arXiv:2202.00666); 1 or more is off.</summary>
    public float TypicalP { get; init; } = 1f;

    /// <summary>How many last tokens the penalties look at: 0 none, -1 all of the context.</summary>
    public int RepeatLastN { get; init; } = 64;

    /// <summary>Divides positive and multiplies negative logits of tokens seen (Keskar et al. 2019, arXiv:1909.05858); 1 is off.</summary>
    public float RepeatPenalty { get; init; } = 1f;

    /// <summary>Subtracted once from the logits of tokens seen.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted from the logits of tokens seen, times how often.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of single tokens, by token id; ids outside the vocabulary are ignored.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>Same seed and same request, same tokens; null or negative for a random one.</summary>
    public long? Seed { get; init; }
}
