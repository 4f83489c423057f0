using System.Diagnostics.CodeAnalysis;

namespace LocalLlm.Engine.Synthesis;

/// <summary>
/// The shape of a <c>qwen3</c> model whose weights are drawn at random. A program's speed depends on a model's shape and formats, not on what
/// it learnt, so such a file measures what the published one would. Property names are the GGUF keys in PascalCase.
/// </summary>
public sealed record SyntheticShape
{
    /// <summary>Published shapes, as their <c>config.json</c> gives them: Qwen3-0.6B, -1.7B, -8B, and Qwen3-4B-Instruct-2507.</summary>
    public static IReadOnlyList<SyntheticShape> All { get; } =
    [
        Published("qwen3:0.6b", blocks: 28, width: 1024, heads: 16, feedForward: 3072),
        Published("qwen3:1.7b", blocks: 28, width: 2048, heads: 16, feedForward: 6144),
        Published("qwen3:4b", blocks: 36, width: 2560, heads: 32, feedForward: 9728) with { ContextLength = 262144, RopeFreqBase = 5e6f },
        Published("qwen3:8b", blocks: 36, width: 4096, heads: 32, feedForward: 12288) with { TiedEmbedding = false },
    ];

    /// <summary>Name of the published model, <c>qwen3:0.6b</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Number of transformer blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Width of the residual stream; a multiple of 256, the longest block of a format.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>Query heads; times <see cref="KeyLength"/> a multiple of 256.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int HeadCountKv { get; init; }

    /// <summary>Width of a query, key or value head.</summary>
    public required int KeyLength { get; init; }

    /// <summary>Width of the feed-forward's inner layer; a multiple of 256.</summary>
    public required int FeedForwardLength { get; init; }

    /// <summary>Positions that the model pretends to have been trained for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Base of the RoPE frequencies.</summary>
    public required float RopeFreqBase { get; init; }

    /// <summary>Number of tokens: 256 bytes, 26 special tokens, and at will merges and (the last 267) unused places.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Whether the token embedding is the output head too.</summary>
    public required bool TiedEmbedding { get; init; }

    /// <summary>Finds a published shape by its name, in any case.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out SyntheticShape? shape)
    {
        shape = All.FirstOrDefault(candidate => candidate.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return shape is not null;
    }

    private static SyntheticShape Published(string name, int blocks, int width, int heads, int feedForward) => new()
    {
        Name = name,
        BlockCount = blocks,
        EmbeddingLength = width,
        HeadCount = heads,
        HeadCountKv = 8,
        KeyLength = 128,
        FeedForwardLength = feedForward,
        ContextLength = 40960,
        RopeFreqBase = 1e6f,
        VocabularySize = 151936,
        TiedEmbedding = true,
    };
}
