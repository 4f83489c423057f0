using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LocalLlm.Server.Cli;

/// <summary>The option <c>--json</c> of commands that list or show: the server's answer instead of a table.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions s_pretty = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes the option.</summary>
    public static Option<bool> Option() => new("--json") { Description = "Print the server's answer as JSON" };

    /// <summary>Writes a value.</summary>
    public static void Write(TextWriter writer, JsonElement value) => writer.WriteLine(Text(value.WriteTo));

    /// <summary>Writes the answer of a list, <c>{"models":[...]}</c>, with those models whose name passes.</summary>
    public static void WriteModels(TextWriter writer, JsonElement answer, Func<string, bool> passes) => writer.WriteLine(Text(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("models");
        foreach (JsonElement model in answer.GetProperty("models").EnumerateArray())
        {
            if (passes(model.GetProperty("name").GetString()!))
            {
                model.WriteTo(json);
            }
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private static string Text(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, s_pretty))
        {
            write(writer);
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
