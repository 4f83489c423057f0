using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LocalLlm.Engine.Quantization;

/// <summary>What a tensor's name says: <c>blk.3.attn_v.weight</c> is the weight with the role <c>attn_v</c> in block 3.</summary>
/// <param name="Role">The name without block and <c>.weight</c>.</param>
/// <param name="Block">The block; -1 outside of the blocks.</param>
/// <param name="IsWeight">Whether the name ends in <c>.weight</c>.</param>
internal readonly record struct TensorRole(string Role, int Block, bool IsWeight)
{
    private const string BlockPrefix = "blk.", WeightSuffix = ".weight";

    /// <summary>Whether its numbers bear rounding. Norms, tables of positions and the routers of experts are small, and errors in them go everywhere.</summary>
    public bool IsProjection => IsWeight && !Role.EndsWith("_norm", StringComparison.Ordinal)
        && Role is not ("position_embd" or "token_types" or "ffn_gate_inp" or "ffn_gate_inp_shexp");

    /// <summary>Takes a name apart.</summary>
    public static TensorRole Of(string name)
    {
        bool weight = name.EndsWith(WeightSuffix, StringComparison.Ordinal);
        string role = weight ? name[..^WeightSuffix.Length] : name;
        int block = -1;
        if (role.StartsWith(BlockPrefix, StringComparison.Ordinal)
            && role.IndexOf('.', BlockPrefix.Length) is int dot and > 0
            && int.TryParse(role.AsSpan(BlockPrefix.Length, dot - BlockPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            (role, block) = (role[(dot + 1)..], number);
        }
        return new TensorRole(role, block, weight);
    }

    /// <summary>A name in quotes, for a message: control characters, which a file may hold to play tricks on a terminal, are escaped.</summary>
    public static string Quote(string name) => $"'{JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}'";
}
