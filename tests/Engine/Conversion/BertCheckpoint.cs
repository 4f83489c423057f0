using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Tests.Encoders;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>A small encoder taken back to the layout of Hugging Face, as transformers saves BERT; gone afterwards.</summary>
internal sealed unsafe class BertCheckpoint : IDisposable
{
    private static readonly (string Gguf, string Name)[] s_names =
    [
        ("token_embd_norm.", "embeddings.LayerNorm."), ("token_embd.", "embeddings.word_embeddings."), ("position_embd.", "embeddings.position_embeddings."),
        ("token_types.", "embeddings.token_type_embeddings."), ("blk.", "encoder.layer."), (".attn_q.", ".attention.self.query."), (".attn_k.", ".attention.self.key."),
        (".attn_v.", ".attention.self.value."), (".attn_output_norm.", ".attention.output.LayerNorm."), (".attn_output.", ".attention.output.dense."),
        (".ffn_up.", ".intermediate.dense."), (".ffn_down.", ".output.dense."), (".layer_output_norm.", ".output.LayerNorm."),
        ("cls.output.", "classifier."), ("cls.", "pooler.dense."),
    ];

    private readonly DirectoryInfo _parent = System.IO.Directory.CreateTempSubdirectory("localllm-bert-");

    /// <summary>Writes one.</summary>
    /// <param name="ranks">With a classification head; else with a pooler that nothing needs.</param>
    /// <param name="old">In the names and with the tensor of positions that old versions wrote.</param>
    public BertCheckpoint(bool ranks, bool old)
    {
        Original = new SmallEncoder { Pooling = ranks ? 4u : 1u, Labels = ranks ? 1 : 0, Dense = ranks }.Write(_parent);
        Folder = _parent.CreateSubdirectory("model").FullName;
        JsonObject config = new()
        {
            ["architectures"] = new JsonArray(ranks ? "BertForSequenceClassification" : "BertModel"),
            ["hidden_act"] = "gelu",
            ["hidden_size"] = SmallEncoder.Width,
            ["intermediate_size"] = SmallEncoder.Inner,
            ["num_attention_heads"] = SmallEncoder.Heads,
            ["num_hidden_layers"] = SmallEncoder.Blocks,
            ["max_position_embeddings"] = SmallEncoder.Context,
            ["vocab_size"] = SmallEncoder.Tokens.Length,
            ["type_vocab_size"] = 2,
            ["layer_norm_eps"] = 1e-12,
        };
        if (ranks)
        {
            config["id2label"] = new JsonObject { ["0"] = "LABEL_0" };
        }
        Write("config.json", config);
        Write("tokenizer.json", Tokenizer());
        // The small vocabulary has no token for padding.
        Write("tokenizer_config.json", new JsonObject { ["pad_token"] = new JsonObject { ["content"] = "[UNK]" }, ["cls_token"] = "[CLS]" });
        WriteTensors(ranks, old);
    }

    /// <summary>The file that it was made of.</summary>
    public string Original { get; }

    /// <summary>The checkpoint.</summary>
    public string Folder { get; }

    /// <summary>A path beside it, for results.</summary>
    public string Result => Path.Combine(_parent.FullName, "result.gguf");

    /// <summary>Changes a property of a JSON file; the path's names are joined by dots.</summary>
    public void Edit(string file, string path, string value)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, file)))!, at = json;
        string[] names = path.Split('.');
        foreach (string name in names[..^1])
        {
            at = at[name]!;
        }
        at[names[^1]] = JsonNode.Parse(value);
        File.WriteAllText(Path.Combine(Folder, file), json.ToJsonString());
    }

    public void Dispose() => _parent.Delete(recursive: true);

    private static JsonObject Tokenizer()
    {
        JsonObject vocabulary = [];
        for (int id = 0; id < SmallEncoder.Tokens.Length; id++)
        {
            string token = SmallEncoder.Tokens[id];
            vocabulary[token.StartsWith('[') ? token : token.StartsWith('▁') ? token[1..] : $"##{token}"] = id;
        }
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. Enumerable.Range(0, 3).Select(id => new JsonObject { ["id"] = id, ["content"] = SmallEncoder.Tokens[id], ["special"] = true })]),
            ["normalizer"] = new JsonObject { ["type"] = "BertNormalizer", ["clean_text"] = true, ["handle_chinese_chars"] = true, ["strip_accents"] = null, ["lowercase"] = true },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = new JsonObject { ["type"] = "BertProcessing", ["sep"] = new JsonArray("[SEP]", 2), ["cls"] = new JsonArray("[CLS]", 1) },
            ["model"] = new JsonObject { ["type"] = "WordPiece", ["unk_token"] = "[UNK]", ["continuing_subword_prefix"] = "##", ["max_input_chars_per_word"] = 100, ["vocab"] = vocabulary },
        };
    }

    private static string NameOf(string gguf, bool ranks, bool old)
    {
        string name = s_names.Aggregate(gguf, (text, pair) => text.StartsWith(pair.Gguf, StringComparison.Ordinal) || pair.Gguf[0] == '.' ? text.Replace(pair.Gguf, pair.Name, StringComparison.Ordinal) : text);
        if (old && name.Contains("LayerNorm", StringComparison.Ordinal))
        {
            name = name.Replace(".weight", ".gamma", StringComparison.Ordinal).Replace(".bias", ".beta", StringComparison.Ordinal);
        }
        return ranks && !name.StartsWith("classifier", StringComparison.Ordinal) ? $"bert.{name}" : name;
    }

    private void Write(string file, JsonObject json) => File.WriteAllText(Path.Combine(Folder, file), json.ToJsonString());

    private void WriteTensors(bool ranks, bool old)
    {
        JsonObject header = [];
        using MemoryStream data = new();
        void Add(string name, string type, long[] shape, ReadOnlySpan<byte> bytes)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(extent => JsonValue.Create(extent))]),
                ["data_offsets"] = new JsonArray(data.Length, data.Length + bytes.Length),
            };
            data.Write(bytes);
        }
        using GgufFile file = GgufFile.Open(Original);
        foreach (GgufTensor tensor in file.Tensors)
        {
            bool oneRow = tensor.Name == "cls.output.weight";
            Add(NameOf(tensor.Name, ranks, old), "F32", oneRow ? [1, tensor.Columns] : [.. tensor.Dimensions.Reverse()], new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength));
        }
        if (!ranks)
        {
            Add("pooler.dense.weight", "F32", [2, 2], new byte[16]);
        }
        if (old)
        {
            Add($"{(ranks ? "bert." : "")}embeddings.position_ids", "I64", [1, SmallEncoder.Context], new byte[8 * SmallEncoder.Context]);
        }
        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString()), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        File.WriteAllBytes(Path.Combine(Folder, "model.safetensors"), [.. length, .. text, .. data.ToArray()]);
    }
}
