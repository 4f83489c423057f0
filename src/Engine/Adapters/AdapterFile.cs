using System.Runtime.InteropServices;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Adapters;

/// <summary>LoRA adapters as files: whether one fits a model, what it takes in memory, and how one of any form and scale becomes a GGUF file.</summary>
public static class AdapterFile
{
    /// <summary>Checks that a model can be loaded with an adapter.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="model">The model's file.</param>
    /// <exception cref="TextEngineException">It cannot: the adapter is broken, of a kind that is not supported, or made for another model.</exception>
    /// <exception cref="GgufFormatException">The model's file is broken.</exception>
    public static void Check(AdapterOptions adapter, GgufFile model)
    {
        TransformerConfig config = TransformerConfig.Read(model);
        LoraWeights.Load([adapter], config, TransformerWeights.Read(model, config))?.Dispose();
    }

    /// <summary>Bytes that an adapter takes in memory beside its model: its factors in float32.</summary>
    /// <param name="path">A GGUF file, or a directory as peft writes it.</param>
    /// <exception cref="GgufFormatException">It is neither.</exception>
    /// <exception cref="SafetensorsFormatException">The directory's weights cannot be read.</exception>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    public static long MemoryBytes(string path)
    {
        if (Directory.Exists(path))
        {
            using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(path, PeftAdapter.WeightsName));
            return weights.Tensors.Sum(tensor => tensor.ByteLength / GgmlTypes.BlockBytes(tensor.Type)) * sizeof(float);
        }
        using GgufFile file = GgufFile.Open(path);
        return file.Tensors.Sum(tensor => tensor.ElementCount) * sizeof(float);
    }

    /// <summary>
    /// Writes an adapter as GGUF, in the form of llama.cpp's converter and in float32, its scale multiplied into <c>adapter.lora.alpha</c>: loaded without a
    /// scale, the file adds what the adapter adds with it, in this engine and in others.
    /// </summary>
    /// <param name="adapter">The adapter, in any form.</param>
    /// <param name="model">The file of the model that it is for: names and the order of rows are the model's.</param>
    /// <param name="path">Where to; the file appears under its name only when it is complete.</param>
    /// <inheritdoc cref="Check" path="/exception"/>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Convert(AdapterOptions adapter, GgufFile model, string path)
    {
        Check(adapter, model);
        TransformerConfig config = TransformerConfig.Read(model);
        List<LoraFactors> all = LoraWeights.Factors(adapter.Path, config);
        float alpha = AlphaOf(all, adapter.Scale);
        GgufWriter writer = new();
        writer.Add("general.architecture", config.Architecture);
        writer.Add("general.type", "adapter");
        writer.Add("adapter.type", "lora");
        writer.Add("general.file_type", 0u); // F32
        writer.Add("adapter.lora.alpha", alpha);
        foreach (LoraFactors factors in all.OrderBy(factors => factors.Target, StringComparer.Ordinal))
        {
            double rest = factors.Scale * adapter.Scale * factors.Rank / alpha;
            float[] b = Math.Abs(rest - 1) < 1e-6 ? factors.B : Array.ConvertAll(factors.B, value => (float)(value * rest));
            writer.AddTensor($"{factors.Target}{GgufAdapter.SuffixA}", GgmlType.F32, [factors.A.Length / factors.Rank, factors.Rank], MemoryMarshal.AsBytes<float>(factors.A));
            writer.AddTensor($"{factors.Target}{GgufAdapter.SuffixB}", GgmlType.F32, [factors.Rank, b.Length / factors.Rank], MemoryMarshal.AsBytes<float>(b));
        }
        writer.Write(path);
    }

    /// <summary>The alpha of the file, which is divided by each matrix's rank. 0 would mean that there is none, so that then B is multiplied by 0.</summary>
    private static float AlphaOf(List<LoraFactors> all, float scale)
    {
        float alpha = all.Count == 0 ? 0 : (float)(all[0].Scale * all[0].Rank * scale);
        return alpha == 0 || !float.IsNormal(alpha) ? 1 : alpha;
    }
}
