using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Adapters;

/// <summary>
/// Reads adapters in GGUF, as llama.cpp's converter writes them: <c>general.type</c> adapter, <c>adapter.type</c> lora, and for each matrix NAME the tensors
/// <c>NAME.lora_a</c> and <c>NAME.lora_b</c>.
/// </summary>
internal static unsafe class GgufAdapter
{
    /// <summary>What the first factor's name has after the matrix's.</summary>
    public const string SuffixA = ".lora_a";

    /// <summary>What the second factor's name has after the matrix's.</summary>
    public const string SuffixB = ".lora_b";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="architecture"><c>general.architecture</c> of the model.</param>
    /// <exception cref="TextEngineException">It is no LoRA adapter, or one for another architecture, or a tensor is wrong.</exception>
    /// <exception cref="GgufFormatException">It is no GGUF file.</exception>
    public static List<LoraFactors> Read(string path, string architecture)
    {
        using GgufFile file = GgufFile.Open(path);
        GgufMetadata metadata = file.Metadata;
        if (metadata.GetString("general.type", "model") != "adapter" || metadata.GetString("adapter.type", "") != "lora")
        {
            throw CheckpointError.InFile(path, "it is no LoRA adapter");
        }
        if (metadata.GetString("general.architecture") is var made && made != architecture)
        {
            throw CheckpointError.InFile(path, $"the adapter is for models of the architecture {GgufFormatException.Quote(made)}, and this one is '{architecture}'");
        }
        float alpha = metadata.GetSingle("adapter.lora.alpha", 0);
        List<LoraFactors> factors = [];
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (tensor.Name.EndsWith(SuffixA, StringComparison.Ordinal))
            {
                factors.Add(Pair(path, file, tensor, alpha));
            }
            else if (!tensor.Name.EndsWith(SuffixB, StringComparison.Ordinal) || file.Find(tensor.Name[..^SuffixB.Length] + SuffixA) is null)
            {
                throw CheckpointError.InFile(path, $"the tensor {GgufFormatException.Quote(tensor.Name)} has no place in a LoRA adapter");
            }
        }
        return factors;
    }

    private static LoraFactors Pair(string path, GgufFile file, GgufTensor a, float alpha)
    {
        string target = a.Name[..^SuffixA.Length];
        if (file.Find(target + SuffixB) is not { } b || a.Dimensions.Count != 2 || b.Dimensions.Count != 2 || a.Rows != b.Columns)
        {
            throw CheckpointError.InFile(path, $"the tensors for {GgufFormatException.Quote(target)} are no two matrices of the same rank");
        }
        // Without an alpha the product counts as it is.
        double scale = alpha == 0 ? 1 : alpha / (double)b.Columns;
        return new LoraFactors(target, checked((int)b.Columns), Values(path, a), Values(path, b), scale);
    }

    private static float[] Values(string path, GgufTensor tensor)
    {
        if (!RowDecoder.Supports(tensor.Type))
        {
            throw CheckpointError.InFile(path, $"the tensor {GgufFormatException.Quote(tensor.Name)} has the type {GgmlTypes.Name(tensor.Type)}, which is not supported");
        }
        if (tensor.ElementCount > LoraFactors.MaxBytes / sizeof(float))
        {
            throw CheckpointError.InFile(path, $"the tensor {GgufFormatException.Quote(tensor.Name)} has {tensor.ElementCount} numbers, more than a factor of any adapter");
        }
        float[] values = new float[(int)tensor.ElementCount];
        RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength), values);
        return values;
    }
}
