using System.Diagnostics.CodeAnalysis;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Quantization;

/// <summary>
/// Which format each matrix of a model gets: the mixes in which models are published, by the rules of llama.cpp's <c>llama-quantize</c>
/// without importance matrix, so that files have the sizes that people know.
/// </summary>
public sealed class QuantizationRecipe
{
    private readonly Extra _extra;

    private QuantizationRecipe(uint fileType, GgmlType type, Extra extra = Extra.None)
    {
        FileType = fileType;
        Name = FileTypeTable.NameOf((int)fileType)!;
        Type = type;
        _extra = extra;
    }

    /// <summary>Which matrices get more bits than the rest.</summary>
    private enum Extra
    {
        /// <summary>The head alone.</summary>
        None,

        /// <summary>The first value and down projections, one step more.</summary>
        Small,

        /// <summary>Value and down projections of half of the blocks, in Q6_K.</summary>
        Medium,
    }

    /// <summary>All recipes, from the one with most bits to the one with fewest.</summary>
    public static IReadOnlyList<QuantizationRecipe> All { get; } =
    [
        new(0, GgmlType.F32),
        new(1, GgmlType.F16),
        new(32, GgmlType.BF16),
        new(7, GgmlType.Q8_0),
        new(18, GgmlType.Q6_K),
        new(9, GgmlType.Q5_1),
        new(17, GgmlType.Q5_K, Extra.Medium),
        new(16, GgmlType.Q5_K),
        new(8, GgmlType.Q5_0),
        new(3, GgmlType.Q4_1),
        new(15, GgmlType.Q4_K, Extra.Medium),
        new(14, GgmlType.Q4_K, Extra.Small),
        new(2, GgmlType.Q4_0),
    ];

    /// <summary>The recipe's name, <c>Q4_K_M</c>.</summary>
    public string Name { get; }

    /// <summary>Its number in <c>general.file_type</c>.</summary>
    public uint FileType { get; }

    /// <summary>The format of most matrices.</summary>
    public GgmlType Type { get; }

    /// <summary>Finds a recipe by its name, in any case; <c>Q4_K</c> and <c>Q5_K</c> mean the mixes M.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out QuantizationRecipe? recipe)
    {
        string full = name.ToUpperInvariant() is "Q4_K" or "Q5_K" ? $"{name}_M" : name;
        recipe = All.FirstOrDefault(candidate => candidate.Name.Equals(full, StringComparison.OrdinalIgnoreCase));
        return recipe is not null;
    }

    /// <summary>The format of a matrix whose rows are long enough for any; see <see cref="ForRows"/>.</summary>
    /// <param name="role">Its tensor name without block and <c>.weight</c>: <c>attn_v</c>.</param>
    /// <param name="block">Its transformer block; -1 outside of the blocks.</param>
    /// <param name="blocks">How many blocks the model has.</param>
    /// <param name="isHead">Whether it gives the logits: <c>output</c>, or <c>token_embd</c> where the model has no other.</param>
    public GgmlType TypeOf(string role, int block, int blocks, bool isHead)
    {
        if (!GgmlTypes.IsQuantized(Type) || Type == GgmlType.Q8_0)
        {
            return Type;
        }
        if (isHead)
        {
            return GgmlType.Q6_K;
        }
        return (_extra, role) switch
        {
            (Extra.Medium, "attn_v" or "ffn_down") when NeedsMore(block, blocks) => GgmlType.Q6_K,
            (Extra.Medium, "attn_qkv") => Type == GgmlType.Q4_K ? GgmlType.Q5_K : GgmlType.Q6_K,
            (Extra.Small, "attn_v") when block is >= 0 and < 4 => GgmlType.Q5_K,
            (Extra.Small, "ffn_down") when block >= 0 && block < blocks / 8 => GgmlType.Q5_K,
            _ => Type,
        };
    }

    /// <summary>The format, or what takes its place where rows are no whole number of its blocks.</summary>
    /// <param name="type">The format that was wanted.</param>
    /// <param name="columns">Length of a row.</param>
    public static GgmlType ForRows(GgmlType type, long columns)
    {
        if (columns % GgmlTypes.BlockLength(type) == 0)
        {
            return type;
        }
        return type switch
        {
            GgmlType.Q4_K => ForRows(GgmlType.Q5_0, columns),
            GgmlType.Q5_K => ForRows(GgmlType.Q5_1, columns),
            GgmlType.Q6_K => ForRows(GgmlType.Q8_0, columns),
            _ => GgmlType.F16,
        };
    }

    /// <summary>The first and the last eighth of the blocks, and every third between: they suffer most from rounding.</summary>
    private static bool NeedsMore(int block, int blocks) =>
        block >= 0 && (block < blocks / 8 || block >= 7 * blocks / 8 || (block - blocks / 8) % 3 == 2);
}
