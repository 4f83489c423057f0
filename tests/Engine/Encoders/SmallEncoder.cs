using System.Runtime.InteropServices;
using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>A file of architecture <c>bert</c> with random weights, small enough for a reference in double precision.</summary>
internal sealed record SmallEncoder
{
    public const int Width = 64, Inner = 160, Heads = 4, Blocks = 2, Context = 40;

    /// <summary>Format of the matrices.</summary>
    public GgmlType Type { get; init; } = GgmlType.F32;

    /// <summary><c>bert.pooling_type</c>; null leaves the key out.</summary>
    public uint? Pooling { get; init; } = 1;

    public bool Causal { get; init; }

    /// <summary>Labels of a classification head; 0 for none.</summary>
    public int Labels { get; init; }

    /// <summary>Whether the head has a dense layer.</summary>
    public bool Dense { get; init; }

    /// <summary>Rows of the embedding of token types.</summary>
    public int Types { get; init; } = 2;

    /// <summary>Whether the file names [CLS]; without, the model has none.</summary>
    public bool HasCls { get; init; } = true;

    /// <summary>Whether the file names [SEP]; without, the model has none.</summary>
    public bool HasSep { get; init; } = true;

    /// <summary>Name of a tensor too many.</summary>
    public string? Extra { get; init; }

    public static string[] Tokens { get; } =
        ["[UNK]", "[CLS]", "[SEP]", .. Enumerable.Range('a', 26).Select(c => $"▁{(char)c}"), .. Enumerable.Range('a', 26).Select(c => $"{(char)c}"), "▁.", "▁,"];

    public string Write(DirectoryInfo folder)
    {
        GgufWriter writer = new();
        writer.Add("general.architecture", "bert");
        writer.Add("bert.block_count", (uint)Blocks);
        writer.Add("bert.context_length", (uint)Context);
        writer.Add("bert.embedding_length", (uint)Width);
        writer.Add("bert.feed_forward_length", (uint)Inner);
        writer.Add("bert.attention.head_count", (uint)Heads);
        writer.Add("bert.attention.layer_norm_epsilon", 1e-12f);
        writer.Add("bert.attention.causal", Causal);
        if (Pooling is { } pooling)
        {
            writer.Add("bert.pooling_type", pooling);
        }
        writer.Add("tokenizer.ggml.model", "bert");
        writer.AddArray("tokenizer.ggml.tokens", Tokens);
        writer.AddArray<int>("tokenizer.ggml.token_type", [3, 3, 3, .. Enumerable.Repeat(1, Tokens.Length - 3)]);
        writer.Add("tokenizer.ggml.unknown_token_id", 0u);
        if (HasCls)
        {
            writer.Add("tokenizer.ggml.cls_token_id", 1u);
        }
        if (HasSep)
        {
            writer.Add("tokenizer.ggml.seperator_token_id", 2u);
        }
        AddTensors(writer);
        string path = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.gguf");
        writer.Write(path);
        return path;
    }

    private void AddTensors(GgufWriter writer)
    {
        Random random = new(7);
        float Next(double size) => (float)(((random.NextDouble() * 2) - 1) * size);
        void Vector(string name, int length, double middle, double size) =>
            writer.AddTensor(name, GgmlType.F32, [length], MemoryMarshal.AsBytes<float>([.. Enumerable.Range(0, length).Select(_ => (float)middle + Next(size))]));
        void Matrix(string name, int rows, int columns, GgmlType type, double size)
        {
            float[] values = [.. Enumerable.Range(0, rows * columns).Select(_ => Next(size))];
            byte[] data = new byte[GgmlTypes.RowBytes(type, columns) * rows];
            RowEncoder.Encode(type, values, data);
            writer.AddTensor(name, type, [columns, rows], data);
        }
        void Norm(string name)
        {
            Vector($"{name}.weight", Width, 1, 0.5);
            Vector($"{name}.bias", Width, 0, 0.3);
        }
        void Linear(string name, int rows, int columns)
        {
            Matrix($"{name}.weight", rows, columns, Type, 2 / Math.Sqrt(columns));
            Vector($"{name}.bias", rows, 0, 0.3);
        }
        Matrix("token_embd.weight", Tokens.Length, Width, Type, 1);
        Matrix("position_embd.weight", Context, Width, GgmlType.F32, 0.5);
        Matrix("token_types.weight", Types, Width, GgmlType.F32, 0.5);
        Norm("token_embd_norm");
        for (int i = 0; i < Blocks; i++)
        {
            foreach (string name in new[] { "attn_q", "attn_k", "attn_v", "attn_output" })
            {
                Linear($"blk.{i}.{name}", Width, Width);
            }
            Norm($"blk.{i}.attn_output_norm");
            Linear($"blk.{i}.ffn_up", Inner, Width);
            Linear($"blk.{i}.ffn_down", Width, Inner);
            Norm($"blk.{i}.layer_output_norm");
        }
        if (Dense)
        {
            Linear("cls", Width, Width);
        }
        if (Labels > 0)
        {
            Linear("cls.output", Labels, Width);
        }
        if (Extra is not null)
        {
            Vector(Extra, Width, 0, 1);
        }
    }
}
