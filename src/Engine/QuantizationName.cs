using LocalLlm.Gguf;

namespace LocalLlm.Engine;

/// <summary>The name under which people know a file's mix of types.</summary>
public static class QuantizationName
{
    /// <summary>For example <c>Q4_K_M</c>; where the file does not say, the type that holds most weights, or <c>unknown</c> if it has none.</summary>
    public static string Of(GgufFile file)
    {
        if (file.Metadata.TryGetInt32("general.file_type", out int number) && FileTypeTable.NameOf(number) is { } name)
        {
            return name;
        }
        return file.Tensors.Count == 0
            ? "unknown"
            : GgmlTypes.Name(file.Tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.ElementCount))!.Key);
    }
}
