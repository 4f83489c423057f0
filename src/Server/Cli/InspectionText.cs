using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Cli;

/// <summary>A GGUF file for people to read: facts, metadata, tensors, totals by type.</summary>
internal static class InspectionText
{
    private const string Indent = "  ";

    /// <summary>Writes the tables.</summary>
    /// <param name="file">The file.</param>
    /// <param name="output">Where to.</param>
    /// <param name="whole">Whether arrays and texts are written whole.</param>
    public static void Write(GgufFile file, TextWriter output, bool whole)
    {
        foreach (string path in file.Paths)
        {
            output.WriteLine(path);
        }
        output.WriteLine(Invariant($"GGUF version {file.Version}, {file.FileBytes} bytes, {file.Tensors.Sum(tensor => tensor.ElementCount)} parameters, alignment {file.Alignment}"));

        output.WriteLine(Invariant($"\nMetadata: {file.Metadata.Count}"));
        TextTable metadata = new("KEY", "TYPE", "VALUE");
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            metadata.Add(Printable(key), value.TypeName, InspectionJson.Line(value, whole));
        }
        metadata.Write(output, Indent);

        output.WriteLine(Invariant($"\nTensors: {file.Tensors.Count}"));
        TextTable tensors = new("NAME", "TYPE", "SHAPE", "BYTES");
        foreach (GgufTensor tensor in file.Tensors)
        {
            tensors.Add(Printable(tensor.Name), GgmlTypes.Name(tensor.Type), $"[{string.Join(", ", tensor.Dimensions)}]", Invariant($"{tensor.ByteLength}"));
        }
        tensors.Write(output, Indent);

        output.WriteLine("\nTotals");
        TextTable totals = new("TYPE", "TENSORS", "ELEMENTS", "BYTES", "BITS PER ELEMENT");
        foreach (TypeTotal total in TypeTotal.Of(file))
        {
            totals.Add(
                GgmlTypes.Name(total.Type), Invariant($"{total.Tensors}"), Invariant($"{total.Elements}"), Invariant($"{total.Bytes}"), Invariant($"{8.0 * total.Bytes / total.Elements:0.###}"));
        }
        totals.Write(output, Indent);
    }

    /// <summary>A name without control characters, which a file may hold to play tricks on a terminal.</summary>
    private static string Printable(string name) => JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
