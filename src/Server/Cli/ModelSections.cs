using System.Globalization;
using System.Text.Json;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Cli;

/// <summary>An answer of <c>/api/show</c> as <c>show</c> prints it: sections of rows, each with a blank line after it.</summary>
internal static class ModelSections
{
    private const string TitleIndent = "  ";
    private const string RowIndent = "    ";

    /// <summary>Lines of a long text that are shown.</summary>
    private const int TextLines = 2;

    /// <summary>Characters of an array that are shown.</summary>
    private const int ArrayWidth = 10;

    /// <summary>Writes all sections that have rows.</summary>
    public static void Write(TextWriter writer, JsonElement answer, bool verbose)
    {
        WriteSection(writer, "Model", ModelRows(answer));
        WriteSection(writer, "Capabilities", Items(answer, "capabilities").Select(item => new[] { item.GetString()! }));
        WriteSection(writer, "Projector", ProjectorRows(answer));
        WriteSection(writer, "Parameters", Text(answer, "parameters").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parameter));
        if (verbose)
        {
            WriteSection(writer, "Metadata", Fields(answer, "model_info").OrderBy(field => field.Name, StringComparer.Ordinal).Select(field => new[] { field.Name, Shown(field.Value) }));
            WriteSection(writer, "Tensors", Items(answer, "tensors").Select(TensorRow));
        }
        WriteSection(writer, "System", Beginning(Text(answer, "system")));
        WriteSection(writer, "License", Beginning(Text(answer, "license")));
    }

    private static IEnumerable<string[]> ModelRows(JsonElement answer)
    {
        Dictionary<string, JsonElement> info = Fields(answer, "model_info").ToDictionary(field => field.Name, field => field.Value);
        JsonElement details = answer.GetProperty("details");
        string architecture = info.TryGetValue("general.architecture", out JsonElement named) ? named.GetString()! : Text(details, "family");
        yield return ["architecture", architecture];
        yield return ["parameters", info.TryGetValue("general.parameter_count", out JsonElement count) ? HumanNumber.Of(count.GetInt64()) : Text(details, "parameter_size")];
        if (info.TryGetValue($"{architecture}.context_length", out JsonElement context))
        {
            yield return ["context length", context.GetRawText()];
        }
        if (info.TryGetValue($"{architecture}.embedding_length", out JsonElement width))
        {
            yield return ["embedding length", width.GetRawText()];
        }
        yield return ["quantization", Text(details, "quantization_level")];
        if (Text(answer, "requires") is { Length: > 0 } version)
        {
            yield return ["requires", version];
        }
    }

    private static IEnumerable<string[]> ProjectorRows(JsonElement answer)
    {
        Dictionary<string, JsonElement> info = Fields(answer, "projector_info").ToDictionary(field => field.Name, field => field.Value);
        if (!info.TryGetValue("general.architecture", out JsonElement named))
        {
            yield break;
        }
        string architecture = named.GetString()!;
        yield return ["architecture", architecture];
        if (info.TryGetValue("general.parameter_count", out JsonElement count))
        {
            yield return ["parameters", HumanNumber.Of(count.GetInt64())];
        }
        if (info.TryGetValue($"{architecture}.vision.embedding_length", out JsonElement width))
        {
            yield return ["embedding length", width.GetRawText()];
        }
        if (info.TryGetValue($"{architecture}.vision.projection_dim", out JsonElement dimensions))
        {
            yield return ["dimensions", dimensions.GetRawText()];
        }
    }

    private static string[] Parameter(string line)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 2 ? words : [line, ""];
    }

    private static string[] TensorRow(JsonElement tensor) =>
        [Text(tensor, "name"), Text(tensor, "type"), $"[{string.Join(' ', Items(tensor, "shape").Select(extent => extent.GetRawText()))}]"];

    /// <summary>A metadata value; of an array, what fits a narrow column.</summary>
    private static string Shown(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        }
        List<string> shown = [];
        int width = 0, count = value.GetArrayLength();
        foreach (JsonElement item in value.EnumerateArray())
        {
            string text = Shown(item);
            width += text.Length + 1;
            if (width > ArrayWidth)
            {
                break;
            }
            shown.Add(text);
        }
        if (shown.Count < count)
        {
            shown.Add(string.Create(CultureInfo.InvariantCulture, $"...+{count - shown.Count} more"));
        }
        return $"[{string.Join(' ', shown)}]";
    }

    /// <summary>The first lines of a text that are not empty.</summary>
    private static IEnumerable<string[]> Beginning(string text)
    {
        string[] lines = [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        return lines.Take(TextLines).Concat(lines.Length > TextLines ? ["..."] : []).Select(line => new[] { line });
    }

    private static void WriteSection(TextWriter writer, string title, IEnumerable<string[]> rows)
    {
        TextTable? table = null;
        foreach (string[] row in rows)
        {
            string[] cells = [.. row.Select(Printable)];
            if (table is null)
            {
                table = new TextTable(cells);
            }
            else
            {
                table.Add(cells);
            }
        }
        if (table is not null)
        {
            writer.WriteLine(TitleIndent + title);
            table.Write(writer, RowIndent);
            writer.WriteLine();
        }
    }

    /// <summary>No control character of a model reaches a terminal.</summary>
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    private static string Text(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static JsonElement[] Items(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [];

    private static JsonProperty[] Fields(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? [.. value.EnumerateObject()] : [];
}
