using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalLlm.Peers.Workers;

/// <summary>What a worker is started with: one JSON argument.</summary>
/// <param name="Engine"><c>localllm</c>, <c>llama.cpp</c> or <c>read</c>, which only reads the file.</param>
/// <param name="Model">The GGUF file.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Positions">Most positions of the sequence.</param>
internal sealed record WorkerSettings(string Engine, string Model, int Threads, int Positions)
{
    /// <summary>SIMD level of our engine; null for the best.</summary>
    public string? Simd { get; init; }

    /// <summary>Folder of llama.cpp's libraries.</summary>
    public string? Library { get; init; }

    /// <summary>Settings of llama.cpp.</summary>
    public PeerTuning Tuning { get; init; } = new();

    /// <summary>Tokens to evaluate at once after loading, after which the worker ends; 0 to wait for orders.</summary>
    public int FirstTokenPrompt { get; init; }
}

/// <summary>What a worker is asked on its standard input: one JSON line.</summary>
/// <param name="Work"><c>prefill</c>: evaluates Tokens from an empty cache. <c>decode</c>: Tokens steps of one token from the position Depth. <c>read</c>.</param>
/// <param name="Tokens">How many.</param>
/// <param name="Depth">Tokens cached before; they must have been evaluated.</param>
internal sealed record WorkerOrder(string Work, int Tokens, int Depth);

/// <summary>What a worker answers on its standard output: one JSON line.</summary>
/// <param name="Engine">Who.</param>
/// <param name="Work">What, as ordered; <c>ready</c> after loading.</param>
/// <param name="Milliseconds">How long. For <c>ready</c> and the first token: since the program's first statement.</param>
internal sealed record WorkerSample(string Engine, string Work, double Milliseconds)
{
    /// <summary>Most physical memory that the process had so far (VmHWM).</summary>
    public long PeakBytes { get; init; }

    /// <summary>Bytes of the cache for all positions, where the engine tells.</summary>
    public long CacheBytes { get; init; }

    /// <summary>The last token that was found likeliest.</summary>
    public int Token { get; init; }

    /// <summary>Version and settings, with <c>ready</c>.</summary>
    public string? Description { get; init; }
}

/// <summary>How messages are written.</summary>
internal static class Message
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>One line.</summary>
    public static string Write<T>(T message) => JsonSerializer.Serialize(message, Options);

    /// <summary>A message from its line.</summary>
    public static T Read<T>(string line) => JsonSerializer.Deserialize<T>(line, Options) ?? throw new JsonException($"'{line}' is no message.");
}
