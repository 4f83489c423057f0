using LocalLlm.Engine.Quantization;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Synthesis;

/// <summary>A mix of formats in which models are published: one of the recipes, all of whose formats can be drawn at random.</summary>
public sealed class SyntheticMix
{
    private readonly QuantizationRecipe _recipe;

    private SyntheticMix(string name) => _recipe = QuantizationRecipe.All.Single(recipe => recipe.Name == name);

    /// <summary>Every matrix in Q8_0.</summary>
    public static SyntheticMix Q8_0 { get; } = new("Q8_0");

    /// <summary>Q4_K; the output head, and in half of the blocks the value and down projections, in Q6_K.</summary>
    public static SyntheticMix Q4_K_M { get; } = new("Q4_K_M");

    /// <summary>The mix's name.</summary>
    public string Name => _recipe.Name;

    /// <summary>Its number in <c>general.file_type</c>.</summary>
    public uint FileType => _recipe.FileType;

    /// <summary>The format of a matrix.</summary>
    /// <param name="role">Its tensor name without block and <c>.weight</c>: <c>attn_v</c>.</param>
    /// <param name="block">Its transformer block; -1 outside of the blocks.</param>
    /// <param name="shape">The model.</param>
    public GgmlType TypeOf(string role, int block, SyntheticShape shape) =>
        _recipe.TypeOf(role, block, shape.BlockCount, isHead: role == "output" || (role == "token_embd" && shape.TiedEmbedding));
}
