using LocalLlm.Gguf;

namespace LocalLlm.Engine;

/// <summary>The name under which people know a file's mix of types.</summary>
public static class QuantizationName
{
    // Numbers of general.file_type as ggml's users write them; those missing here fall back to the commonest tensor type.
    private static readonly Dictionary<int, string> s_names = new()
    {
        [0] = "F32", [1] = "F16", [2] = "Q4_0", [3] = "Q4_1", [7] = "Q8_0", [8] = "Q5_0", [9] = "Q5_1", [10] = "Q2_K",
        [11] = "Q3_K_S", [12] = "Q3_K_M", [13] = "Q3_K_L", [14] = "Q4_K_S", [15] = "Q4_K_M", [16] = "Q5_K_S", [17] = "Q5_K_M",
        [18] = "Q6_K", [21] = "Q2_K_S", [25] = "IQ4_NL", [30] = "IQ4_XS", [32] = "BF16",
    };

    /// <summary>For example <c>Q4_K_M</c>; where the file does not say, the type that holds most weights.</summary>
    public static string Of(GgufFile file)
    {
        if (file.Metadata.ContainsKey("general.file_type") && s_names.TryGetValue(file.Metadata.GetInt32("general.file_type"), out string? name))
        {
            return name;
        }
        GgmlType commonest = file.Tensors
            .GroupBy(tensor => tensor.Type)
            .OrderByDescending(group => group.Sum(tensor => tensor.ElementCount))
            .Select(group => group.Key)
            .FirstOrDefault(GgmlType.F32);
        return GgmlTypes.Name(commonest);
    }
}
