using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CommunityToolkit.HighPerformance.Buffers;
using LocalLlm.Engine;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Models;

/// <summary>What a GGUF file says about its model, read without loading it.</summary>
internal sealed record GgufFacts
{
    /// <summary>Arrays longer than this are left out of the short form of the metadata: vocabularies are megabytes.</summary>
    public const int MaxShortArray = 5;

    /// <summary>Bytes at the start of each tensor that go into <see cref="Fingerprint"/>.</summary>
    private const int FingerprintSample = 256;

    /// <summary>Bytes before the tensors that go into <see cref="Fingerprint"/>: no vocabulary takes as many, but a file may leave any gap.</summary>
    private const int MaxFingerprintHeader = 256 << 20;

    /// <summary>GGUF architecture, for example <c>qwen3</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Number of weights.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Name of the quantization, for example <c>Q4_K_M</c>.</summary>
    public required string Quantization { get; init; }

    /// <summary>Positions that the model was trained for; null if the file does not say.</summary>
    public required int? ContextLength { get; init; }

    /// <summary>Width of the residual stream; null if the file does not say.</summary>
    public required int? EmbeddingLength { get; init; }

    /// <summary>What the model is for: it ranks if it has a classification head, embeds if it names a pooling type, otherwise it completes.</summary>
    public required ModelCapabilities Capabilities { get; init; }

    /// <summary>Chat template, Jinja; empty if the file has none.</summary>
    public required string Template { get; init; }

    /// <summary>Licence as the file names it; null if it does not.</summary>
    public required string? Licence { get; init; }

    /// <summary>Bytes of all parts together.</summary>
    public required long FileBytes { get; init; }

    /// <summary>
    /// SHA-256, lower-case hex, of everything before the tensor data of each part, of the parts' sizes and of the first bytes of every
    /// tensor: it tells apart any two models that were not made to collide, without reading gigabytes.
    /// </summary>
    public required string Fingerprint { get; init; }

    /// <summary>The metadata in the form of <c>/api/show</c>, long arrays emptied.</summary>
    public required JsonObject ModelInfo { get; init; }

    /// <summary>Reads the facts of a file.</summary>
    /// <exception cref="GgufFormatException">The file is broken.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufFacts Read(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        GgufMetadata metadata = file.Metadata;
        string architecture = metadata.GetString("general.architecture");
        return new GgufFacts
        {
            Architecture = architecture,
            ParameterCount = ParametersOf(file),
            Quantization = QuantizationName.Of(file),
            ContextLength = metadata.TryGetInt32($"{architecture}.context_length", out int context) ? context : null,
            EmbeddingLength = metadata.TryGetInt32($"{architecture}.embedding_length", out int width) ? width : null,
            Capabilities = ClassifierWeights.In(file) ? ModelCapabilities.Rerank
                : metadata.ContainsKey($"{architecture}.pooling_type") ? ModelCapabilities.Embedding
                : ModelCapabilities.Completion,
            Template = metadata.GetString("tokenizer.chat_template", ""),
            Licence = metadata.GetString("general.license", null),
            FileBytes = file.FileBytes,
            Fingerprint = FingerprintOf(file),
            ModelInfo = MetadataOf(file, MaxShortArray),
        };
    }

    /// <summary>
    /// The metadata as JSON, keys sorted: without the name and the chat template, which stand elsewhere, and with the number of weights. Sorting puts
    /// <c>llama.context_length</c> before <c>llama.rope.scaling.original_context_length</c> for clients that take the first match.
    /// </summary>
    /// <param name="file">The open file.</param>
    /// <param name="maxArray">Longer arrays are emptied.</param>
    public static JsonObject MetadataOf(GgufFile file, int maxArray)
    {
        SortedDictionary<string, JsonNode?> sorted = new(StringComparer.Ordinal) { ["general.parameter_count"] = ParametersOf(file) };
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            if (key is not ("general.name" or "tokenizer.chat_template"))
            {
                sorted[key] = NodeOf(value, maxArray);
            }
        }
        return new JsonObject(sorted);
    }

    /// <summary>Names of the capabilities as the native API writes them.</summary>
    public static IReadOnlyList<string> NamesOf(ModelCapabilities capabilities) =>
        [.. Enum.GetValues<ModelCapabilities>()
            .Where(flag => flag != ModelCapabilities.None && capabilities.HasFlag(flag))
            .Select(flag => flag.ToString().ToLowerInvariant())];

    private static long ParametersOf(GgufFile file) => file.Tensors.Sum(tensor => tensor.ElementCount);

    private static unsafe string FingerprintOf(GgufFile file)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string path in file.Paths)
        {
            long size = new FileInfo(path).Length;
            long headerLength = file.Tensors.Where(tensor => tensor.Path == path).Select(tensor => tensor.FileOffset).DefaultIfEmpty(size).Min();
            using FileStream stream = File.OpenRead(path);
            using SpanOwner<byte> header = SpanOwner<byte>.Allocate((int)Math.Min(headerLength, MaxFingerprintHeader));      // megabytes of vocabulary, from the pool
            stream.ReadExactly(header.Span);
            hash.AppendData(header.Span);
            hash.AppendData(Encoding.ASCII.GetBytes($"{size}\n"));
        }
        foreach (GgufTensor tensor in file.Tensors)
        {
            hash.AppendData(new ReadOnlySpan<byte>(tensor.Data, (int)Math.Min(tensor.ByteLength, FingerprintSample)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static JsonNode? NodeOf(GgufValue value, int maxArray)
    {
        if (value.Type == GgufValueType.Array)
        {
            return value.Count > maxArray ? new JsonArray() : new JsonArray([.. value.Elements().Select(element => NodeOf(element, maxArray))]);
        }
        if (value.TryGetString(out string text))
        {
            return text;
        }
        if (value.TryGetBoolean(out bool flag))
        {
            return flag;
        }
        if (value.TryGetInteger(out Int128 integer))
        {
            return integer > long.MaxValue ? JsonValue.Create((ulong)integer) : JsonValue.Create((long)integer);
        }
        // JSON has no infinity and no NaN; a float32 keeps its short form (1e-05, not 9.999999747378752e-06).
        value.TryGetNumber(out double number);
        return !double.IsFinite(number) ? null : value.Type == GgufValueType.Float32 ? JsonValue.Create((float)number) : JsonValue.Create(number);
    }
}
