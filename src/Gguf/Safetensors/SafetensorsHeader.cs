using System.Text.Json;
using System.Text.Unicode;

namespace LocalLlm.Gguf.Safetensors;

/// <summary>What a header says of one tensor.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Shape">Extents, slowest first.</param>
/// <param name="Start">First byte of its data, counted from the end of the header.</param>
/// <param name="End">The byte after its last.</param>
internal sealed record SafetensorsEntry(string Name, GgmlType Type, long[] Shape, long Start, long End);

/// <summary>
/// The header of a safetensors file: a JSON object with <c>dtype</c>, <c>shape</c> and <c>data_offsets</c> for each tensor (the format's README,
/// https://github.com/huggingface/safetensors). All of it is checked: the data of the tensors fills the rest of the file without gaps and overlaps.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The longest header; the format's own limit.</summary>
    public const int MaxBytes = 100_000_000;

    private const int MaxDimensions = 8;
    private const string Metadata = "__metadata__"; // texts about the file, which nothing here needs

    /// <summary>Reads and checks a header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The header.</param>
    /// <param name="dataLength">Bytes of the file after the header.</param>
    /// <returns>The tensors in the order of their data.</returns>
    /// <exception cref="SafetensorsFormatException">The header is not what the format demands.</exception>
    public static List<SafetensorsEntry> Parse(string path, ReadOnlyMemory<byte> json, long dataLength)
    {
        if (!Utf8.IsValid(json.Span))
        {
            throw new SafetensorsFormatException(path, "its header is not UTF-8 text");
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            List<SafetensorsEntry> entries = [.. Tensors(path, document.RootElement)];
            entries.Sort((a, b) => (a.Start, a.End).CompareTo((b.Start, b.End)));
            CheckLayout(path, entries, dataLength);
            entries.RemoveAll(entry => entry.Type == GgmlType.I64);
            return entries;
        }
        // InvalidOperationException: an escape that stands for half a character.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SafetensorsFormatException(path, "its header is no valid JSON; is it a safetensors file?", e);
        }
    }

    private static IEnumerable<SafetensorsEntry> Tensors(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new SafetensorsFormatException(path, "its header is no JSON object");
        }
        return root.EnumerateObject().Where(property => property.Name != Metadata).Select(property => Entry(path, property.Name, property.Value));
    }

    private static SafetensorsEntry Entry(string path, string name, JsonElement element)
    {
        SafetensorsFormatException Wrong(string problem) => new(path, $"the tensor {GgufFormatException.Quote(name)} {problem}");

        if (element.ValueKind != JsonValueKind.Object
            || !element.TryGetProperty("dtype", out JsonElement dtype) || dtype.ValueKind != JsonValueKind.String
            || !element.TryGetProperty("shape", out JsonElement shape)
            || !element.TryGetProperty("data_offsets", out JsonElement offsets))
        {
            throw Wrong("is not described by dtype, shape and data_offsets");
        }
        GgmlType type = TypeOf(name, dtype.GetString()!)
            ?? throw Wrong($"has the dtype {GgufFormatException.Quote(dtype.GetString()!)}, but only F32, F16 and BF16 can be read");
        if (!TryReadNumbers(shape, out long[] extents) || extents.Length > MaxDimensions || extents.Contains(0))
        {
            throw Wrong($"has a shape that is no list of at most {MaxDimensions} positive whole numbers");
        }
        if (!TryReadNumbers(offsets, out long[] range) || range.Length != 2 || range[0] > range[1])
        {
            throw Wrong("has data_offsets that are no two whole numbers in order");
        }
        if (ByteLength(type, extents) is not { } bytes || bytes != range[1] - range[0])
        {
            throw Wrong($"has {range[1] - range[0]} bytes of data, which does not fit its shape [{string.Join(", ", extents)}]");
        }
        return new SafetensorsEntry(name, type, extents, range[0], range[1]);
    }

    /// <summary>Old checkpoints of BERT keep the numbers of the positions, 0, 1, 2 and so on, in a tensor that nothing is computed with: it is left out.</summary>
    private static GgmlType? TypeOf(string name, string dtype) => dtype switch
    {
        "I64" when name.EndsWith("embeddings.position_ids", StringComparison.Ordinal) => GgmlType.I64,
        "F32" => GgmlType.F32,
        "F16" => GgmlType.F16,
        "BF16" => GgmlType.BF16,
        _ => null,
    };

    /// <summary>Whole numbers from 0 on.</summary>
    private static bool TryReadNumbers(JsonElement element, out long[] numbers)
    {
        numbers = [];
        if (element.ValueKind != JsonValueKind.Array)
        {
            return false;
        }
        List<long> read = [];
        foreach (JsonElement item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out long number) || number < 0)
            {
                return false;
            }
            read.Add(number);
        }
        numbers = [.. read];
        return true;
    }

    /// <summary>Bytes of a tensor; null where they are more than can be counted.</summary>
    private static long? ByteLength(GgmlType type, long[] shape)
    {
        Int128 bytes = GgmlTypes.BlockBytes(type);
        foreach (long extent in shape)
        {
            bytes *= extent;
            if (bytes > long.MaxValue)
            {
                return null;
            }
        }
        return (long)bytes;
    }

    private static void CheckLayout(string path, List<SafetensorsEntry> entries, long dataLength)
    {
        long end = 0;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Start != end)
            {
                string fault = entry.Start < end ? "overlaps another" : "leaves a gap before it";
                throw new SafetensorsFormatException(path, $"the data of the tensor {GgufFormatException.Quote(entry.Name)} {fault}");
            }
            end = entry.End;
        }
        if (end != dataLength)
        {
            throw new SafetensorsFormatException(
                path, $"its tensors have {end} bytes of data, but {dataLength} follow the header; was the file copied or downloaded completely?");
        }
    }
}
