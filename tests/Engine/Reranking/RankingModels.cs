using System.Runtime.InteropServices;
using LocalLlm.Gguf;
using LocalLlm.Quant;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Reranking;

/// <summary>Copies of small models that rank: their vocabulary has "yes" and "no" instead of two tokens that stand for nothing.</summary>
internal static unsafe class RankingModels
{
    public const string Yes = "[PAD1]", No = "[PAD2]";

    /// <summary>As converters for chats leave a reranker: only its name tells.</summary>
    public static string Plain(DirectoryInfo folder, string name, string source = "qwen3-q8_0.gguf") => Write(folder, source, name, (_, _) => { });

    /// <summary>With the rows of the output head as a classification head, as llama.cpp's converter leaves a Qwen3-Reranker.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="labels">What the rows are, in their order; as many as there are rows.</param>
    /// <param name="template"><c>tokenizer.chat_template.rerank</c>; null leaves it out.</param>
    /// <param name="source">The model.</param>
    /// <param name="pooling"><c>pooling_type</c>; null leaves it out.</param>
    public static string WithHead(DirectoryInfo folder, string[] labels, string? template = null, string source = "qwen3-q8_0.gguf", uint? pooling = 4) =>
        Write(folder, source, "tiny", (writer, file) =>
        {
            string architecture = file.Metadata.GetString("general.architecture");
            if (pooling is { } type)
            {
                writer.Add($"{architecture}.pooling_type", type);
            }
            writer.AddArray($"{architecture}.classifier.output_labels", labels);
            if (template is not null)
            {
                writer.Add("tokenizer.chat_template.rerank", template);
            }
            GgufTensor head = file.Find("output.weight") ?? file.Get("token_embd.weight");
            List<string> tokens = [.. file.Metadata.GetStrings("tokenizer.ggml.tokens")];
            float[] rows = [.. labels.SelectMany(label => Row(head, tokens.IndexOf(label == "no" ? No : Yes)))];
            writer.AddTensor("cls.output.weight", GgmlType.F32, [head.Columns, labels.Length], MemoryMarshal.AsBytes<float>(rows));
        });

    private static float[] Row(GgufTensor tensor, int row)
    {
        float[] values = new float[tensor.Columns];
        long bytes = tensor.ByteLength / tensor.Rows;
        RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data + (row * bytes), (int)bytes), values);
        return values;
    }

    private static string Write(DirectoryInfo folder, string source, string name, Action<GgufWriter, GgufFile> add)
    {
        using GgufFile file = GgufFile.Open(RepoPaths.Vector("models", source));
        GgufWriter writer = new();
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            writer.Add(key, key switch
            {
                "general.name" => GgufValue.OfString(name),
                "tokenizer.ggml.tokens" => GgufValue.OfStrings(file.Metadata.GetStrings(key).Select(token => token switch { Yes => "yes", No => "no", _ => token })),
                _ => value,
            });
        }
        foreach (GgufTensor tensor in file.Tensors)
        {
            writer.AddTensor(tensor);
        }
        add(writer, file);
        string path = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.gguf");
        writer.Write(path);
        return path;
    }
}
