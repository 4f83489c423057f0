using LocalLlm.Gguf;

namespace LocalLlm.Engine.Synthesis;

/// <summary>A mix of formats in which models are published.</summary>
public sealed class SyntheticMix
{
    private readonly Func<string, int, int, bool, GgmlType> _type;

    private SyntheticMix(string name, uint fileType, Func<string, int, int, bool, GgmlType> type)
    {
        Name = name;
        FileType = fileType;
        _type = type;
    }

    /// <summary>Every matrix in Q8_0.</summary>
    public static SyntheticMix Q8_0 { get; } = new("Q8_0", 7, (_, _, _, _) => GgmlType.Q8_0);

    /// <summary>
    /// Q4_K; the output head, and in half of the blocks the value and down projections, which suffer most from rounding, in Q6_K
    /// (the rule of llama.cpp's <c>llama-quantize</c>, whose files are the published ones).
    /// </summary>
    public static SyntheticMix Q4_K_M { get; } = new("Q4_K_M", 15, TypeOfQ4_K_M);

    /// <summary>The mix's name.</summary>
    public string Name { get; }

    /// <summary>Its number in <c>general.file_type</c>.</summary>
    public uint FileType { get; }

    /// <summary>The format of a matrix.</summary>
    /// <param name="role">Its tensor name without block and <c>.weight</c>: <c>attn_v</c>.</param>
    /// <param name="block">Its transformer block; -1 outside of the blocks.</param>
    /// <param name="shape">The model.</param>
    public GgmlType TypeOf(string role, int block, SyntheticShape shape) => _type(role, block, shape.BlockCount, shape.TiedEmbedding);

    private static GgmlType TypeOfQ4_K_M(string role, int block, int blocks, bool tied) => role switch
    {
        "output" => GgmlType.Q6_K,
        "token_embd" when tied => GgmlType.Q6_K,
        "attn_v" or "ffn_down" when block < blocks / 8 || block >= 7 * blocks / 8 || (block - blocks / 8) % 3 == 2 => GgmlType.Q6_K,
        _ => GgmlType.Q4_K,
    };
}
