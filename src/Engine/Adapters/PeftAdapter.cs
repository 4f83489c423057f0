using System.Globalization;
using System.Text.RegularExpressions;
using LocalLlm.Engine.Conversion;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Kernels;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Adapters;

/// <summary>
/// Reads adapters as Hugging Face's peft library writes them: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> in a directory, with
/// the names of the model's own modules.
/// </summary>
internal sealed partial class PeftAdapter
{
    /// <summary>The file that holds the factors.</summary>
    public const string WeightsName = "adapter_model.safetensors";

    private const string ConfigName = "adapter_config.json";

    private readonly JsonSection _config;
    private readonly TransformerConfig _model;
    private readonly SafetensorsFile _file;

    private PeftAdapter(JsonSection config, TransformerConfig model, SafetensorsFile file) => (_config, _model, _file) = (config, model, file);

    /// <summary>Reads a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="model">The shape of the model, because the rows of <c>llama</c> stand in another order in GGUF.</param>
    /// <exception cref="TextEngineException">It is no LoRA adapter of a kind that is supported, or a tensor is wrong.</exception>
    /// <exception cref="SafetensorsFormatException">The weights cannot be read.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static List<LoraFactors> Read(string directory, TransformerConfig model)
    {
        JsonSection config = JsonSection.Read(directory, ConfigName);
        RefuseOtherKinds(config);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, WeightsName));
        return new PeftAdapter(config, model, file).Read();
    }

    private static void RefuseOtherKinds(JsonSection config)
    {
        if (config.Text("peft_type") != "LORA")
        {
            throw config.Wrong("peft_type", "\"LORA\"");
        }
        foreach (string variant in (ReadOnlySpan<string>)["use_dora", "use_qalora", "use_bdlora", "lora_bias", "fan_in_fan_out"])
        {
            if (config.Flag(variant, false))
            {
                throw config.Refused($"adapters with {variant} are not supported");
            }
        }
        if (config.Text("bias") is not (null or "none"))
        {
            throw config.Refused("adapters that change biases are not supported");
        }
        if (config.Items("modules_to_save").Any() || config.Items("alora_invocation_tokens").Any())
        {
            throw config.Refused("adapters that replace modules (modules_to_save) or wait for a text (alora_invocation_tokens) are not supported");
        }
    }

    private List<LoraFactors> Read()
    {
        List<LoraFactors> factors = [];
        foreach (SafetensorsTensor tensor in _file.Tensors)
        {
            Match match = TensorName.Match(tensor.Name);
            if (!match.Success)
            {
                throw CheckpointError.InFile(_file.Path, $"the tensor {GgufFormatException.Quote(tensor.Name)} is not one that an adapter can have here");
            }
            if (match.Groups["factor"].Value == "A")
            {
                factors.Add(Pair(tensor, match));
            }
            else if (_file.Find(Other(tensor.Name, "B", "A")) is null)
            {
                throw CheckpointError.InFile(_file.Path, $"the tensor '{tensor.Name}' stands without its lora_A");
            }
        }
        return factors;
    }

    private LoraFactors Pair(SafetensorsTensor a, Match match)
    {
        if (_file.Find(Other(a.Name, "A", "B")) is not { } b || a.Shape.Count != 2 || b.Shape.Count != 2 || a.Shape[0] != b.Shape[1])
        {
            throw CheckpointError.InFile(_file.Path, $"the tensors of '{a.Name}' are no two matrices of the same rank");
        }
        string module = match.Groups["module"].Value;
        string role = RoleOf(module);
        int rank = checked((int)b.Shape[1]);
        float[] rows = Values(b);
        int heads = _model.RopePairing != RopePairing.Adjacent ? 0 : role switch { "attn_q" => _model.HeadCount, "attn_k" => _model.HeadCountKv, _ => 0 };
        string target = match.Groups["layer"].Success ? string.Create(CultureInfo.InvariantCulture, $"blk.{match.Groups["layer"].ValueSpan}.{role}.weight") : $"{role}.weight";
        return new LoraFactors(target, rank, Values(a), heads == 0 ? rows : Permute(rows, rank, heads), Scale(match.Groups["path"].Value, rank));
    }

    private static string RoleOf(string module) => module switch
    {
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.o_proj" => "attn_output",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        _ => "output",
    };

    private static string Other(string name, string from, string to) =>
        name[..name.LastIndexOf($"lora_{from}", StringComparison.Ordinal)] + $"lora_{to}.weight";

    /// <summary>alpha / r, with rank-stabilised LoRA alpha / sqrt(r) (Kalajdzievski 2023, arXiv:2312.03732); modules may have an alpha of their own.</summary>
    private double Scale(string module, int rank)
    {
        double alpha = Pattern("alpha_pattern", module) ?? _config.Number("lora_alpha") ?? throw _config.Wrong("lora_alpha", "a number");
        return alpha / (_config.Flag("use_rslora", false) ? Math.Sqrt(rank) : rank);
    }

    /// <summary>The number of the first pattern that a module's path ends with; null if there is none.</summary>
    private double? Pattern(string name, string module)
    {
        if (_config.Section(name) is not { } patterns)
        {
            return null;
        }
        foreach (string key in patterns.Element.EnumerateObject().Select(property => property.Name))
        {
            // peft takes the keys as regular expressions; plain ends of paths are what is published.
            if (key.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_')))
            {
                throw _config.Refused($"the pattern {GgufFormatException.Quote(key)} in {name} is not a plain name");
            }
            if (module == key || module.EndsWith($".{key}", StringComparison.Ordinal))
            {
                return patterns.Number(key);
            }
        }
        return null;
    }

    private static float[] Values(SafetensorsTensor tensor)
    {
        if (tensor.ByteLength > LoraFactors.MaxBytes)
        {
            throw CheckpointError.InFile(tensor.Path, $"the tensor {GgufFormatException.Quote(tensor.Name)} has {tensor.ByteLength} bytes, more than a factor of any adapter");
        }
        byte[] raw = new byte[(int)tensor.ByteLength];
        tensor.Read(0, raw);
        float[] values = new float[raw.Length / GgmlTypes.BlockBytes(tensor.Type)];
        RowDecoder.Decode(tensor.Type, raw, values);
        return values;
    }

    private float[] Permute(float[] rows, int rank, int heads)
    {
        int count = rows.Length / rank;
        if (count != heads * _model.KeyLength)
        {
            throw CheckpointError.InFile(_file.Path, $"a lora_B has {count} rows, but the model {heads} heads of {_model.KeyLength}");
        }
        float[] result = new float[rows.Length];
        for (int row = 0; row < count; row++)
        {
            Array.Copy(rows, HeadPermutation.SourceRow(row, _model.KeyLength) * rank, result, (long)row * rank, rank);
        }
        return result;
    }

    [GeneratedRegex(
        @"^base_model\.model\.(?<path>(model\.)?layers\.(?<layer>0|[1-9]\d{0,3})\.(?<module>self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)|(?<module>lm_head))\.lora_(?<factor>[AB])\.weight\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex TensorName { get; }
}
