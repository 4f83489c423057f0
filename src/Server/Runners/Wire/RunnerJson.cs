using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>
/// How messages are written. Requests are written whole, defaults and nulls included: members that a line lacks would be read as zero, not as what
/// their types start with. Numbers survive exactly, infinite log-probabilities included.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(RunnerStart))]
[JsonSerializable(typeof(RunnerReport))]
[JsonSerializable(typeof(RunnerCall))]
[JsonSerializable(typeof(RunnerAnswer))]
internal sealed partial class RunnerJson : JsonSerializerContext
{
    /// <summary>Levels of a message: those of the tool definitions that clients may send, and those of the message around them.</summary>
    public const int Depth = 256;

    /// <summary>The instance to use. No browser reads these lines: only what JSON itself demands is escaped.</summary>
    public static RunnerJson Lines { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        MaxDepth = Depth,
        Converters = { new JsonObjectConverter(), new VectorConverter() },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>For writers of lines.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = Depth,
    };
}
