using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Cli;

/// <summary>A GGUF file as one JSON object. Long arrays and texts are shortened to <c>{"count", "first"}</c> and <c>{"length", "first"}</c>.</summary>
internal static class InspectionJson
{
    private const int MaxElements = 8;
    private const int MaxText = 200;

    private static readonly JsonWriterOptions s_pretty = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions s_compact = s_pretty with { Indented = false };

    /// <summary>Writes the object.</summary>
    /// <param name="file">The file.</param>
    /// <param name="output">Where to.</param>
    /// <param name="whole">Whether arrays and texts are written whole.</param>
    public static void Write(GgufFile file, TextWriter output, bool whole) => output.WriteLine(Text(s_pretty, writer =>
    {
        writer.WriteStartObject();
        WriteStrings(writer, "paths", file.Paths);
        writer.WriteNumber("version", file.Version);
        writer.WriteNumber("alignment", file.Alignment);
        writer.WriteNumber("bytes", file.FileBytes);
        writer.WriteNumber("parameters", file.Tensors.Sum(tensor => tensor.ElementCount));
        writer.WriteStartObject("metadata");
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            writer.WriteStartObject(key);
            writer.WriteString("type", value.TypeName);
            writer.WritePropertyName("value");
            WriteValue(writer, value, whole);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        WriteTensors(writer, file);
        WriteTotals(writer, file);
        writer.WriteEndObject();
    }));

    /// <summary>A metadata value on one line: JSON, so that no control character of a file reaches a terminal.</summary>
    public static string Line(GgufValue value, bool whole) => Text(s_compact, writer => WriteValue(writer, value, whole));

    private static string Text(JsonWriterOptions options, Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, options))
        {
            write(writer);
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void WriteValue(Utf8JsonWriter writer, GgufValue value, bool whole)
    {
        if (value.ElementType is not null)
        {
            WriteArray(writer, value, whole);
        }
        else if (value.TryGetString(out string text))
        {
            WriteText(writer, text, whole);
        }
        else if (value.TryGetBoolean(out bool flag))
        {
            writer.WriteBooleanValue(flag);
        }
        else if (value.TryGetInteger(out Int128 integer))
        {
            writer.WriteRawValue(integer.ToString(CultureInfo.InvariantCulture));
        }
        else if (value.TryGetNumber(out double number) && double.IsFinite(number))
        {
            // A float32 is written with the digits of a float32.
            writer.WriteRawValue(value.Type == GgufValueType.Float32 ? ((float)number).ToString("R", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture));
        }
        else
        {
            writer.WriteStringValue(value.ToString()); // JSON knows no NaN and no infinity
        }
    }

    private static void WriteArray(Utf8JsonWriter writer, GgufValue value, bool whole)
    {
        bool shortened = !whole && value.Count > MaxElements;
        if (shortened)
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", value.Count);
            writer.WritePropertyName("first");
        }
        writer.WriteStartArray();
        foreach (GgufValue element in value.Elements().Take(shortened ? MaxElements : value.Count))
        {
            WriteValue(writer, element, whole);
        }
        writer.WriteEndArray();
        if (shortened)
        {
            writer.WriteEndObject();
        }
    }

    private static void WriteText(Utf8JsonWriter writer, string text, bool whole)
    {
        if (whole || text.Length <= MaxText)
        {
            writer.WriteStringValue(text);
            return;
        }
        int end = char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText;
        writer.WriteStartObject();
        writer.WriteNumber("length", text.Length);
        writer.WriteString("first", text.AsSpan(0, end));
        writer.WriteEndObject();
    }

    private static void WriteTensors(Utf8JsonWriter writer, GgufFile file)
    {
        writer.WriteStartArray("tensors");
        foreach (GgufTensor tensor in file.Tensors)
        {
            writer.WriteStartObject();
            writer.WriteString("name", tensor.Name);
            writer.WriteString("type", GgmlTypes.Name(tensor.Type));
            writer.WriteStartArray("shape");
            foreach (long extent in tensor.Dimensions)
            {
                writer.WriteNumberValue(extent);
            }
            writer.WriteEndArray();
            writer.WriteNumber("elements", tensor.ElementCount);
            writer.WriteNumber("bytes", tensor.ByteLength);
            writer.WriteNumber("offset", tensor.FileOffset);
            if (file.Paths.Count > 1)
            {
                writer.WriteString("path", tensor.Path);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteTotals(Utf8JsonWriter writer, GgufFile file)
    {
        writer.WriteStartArray("totals");
        foreach (TypeTotal total in TypeTotal.Of(file))
        {
            writer.WriteStartObject();
            writer.WriteString("type", GgmlTypes.Name(total.Type));
            writer.WriteNumber("tensors", total.Tensors);
            writer.WriteNumber("elements", total.Elements);
            writer.WriteNumber("bytes", total.Bytes);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }
}
