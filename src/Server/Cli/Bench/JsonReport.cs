using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LocalLlm.Server.Cli.Bench;

/// <summary>Results as one JSON array with an object for each test; a run that is broken off still leaves a whole array.</summary>
/// <param name="output">Where to.</param>
internal sealed class JsonReport(TextWriter output) : IBenchReport
{
    private static readonly JsonWriterOptions s_pretty = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private bool _following;

    /// <inheritdoc/>
    public void Begin(BenchSetting setting) => output.Write("[");

    /// <inheritdoc/>
    public void Add(BenchSetting setting, BenchSamples samples)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, s_pretty))
        {
            WriteObject(writer, setting, samples);
        }
        string text = Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        output.Write($"{(_following ? "," : "")}\n  {text.Replace("\n", "\n  ", StringComparison.Ordinal)}");
        _following = true;
    }

    /// <inheritdoc/>
    public void End() => output.WriteLine(_following ? "\n]" : "]");

    private static void WriteObject(Utf8JsonWriter writer, BenchSetting setting, BenchSamples samples)
    {
        writer.WriteStartObject();
        foreach (BenchField field in BenchField.Of(setting, samples))
        {
            writer.WritePropertyName(field.Name);
            JsonSerializer.Serialize(writer, field.Value is double number ? Math.Round(number, 6) : field.Value);
        }
        WriteArray(writer, "samples_ns", samples.Nanoseconds.Select(time => (double)time));
        WriteArray(writer, "samples_ts", samples.TokensPerSecond.Select(speed => Math.Round(speed, 6)));
        writer.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter writer, string name, IEnumerable<double> values)
    {
        writer.WriteStartArray(name);
        foreach (double value in values)
        {
            writer.WriteNumberValue(value);
        }
        writer.WriteEndArray();
    }
}
