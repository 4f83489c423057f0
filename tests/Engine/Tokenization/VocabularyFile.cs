using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>A vocabulary as GGUF keys; what is null is not written.</summary>
internal sealed record VocabularyFile
{
    public string? Model { get; init; } = "gpt2";

    public string? Pre { get; init; }

    public string[]? Tokens { get; init; }

    public int[]? Types { get; init; }

    public float[]? Scores { get; init; }

    public string[]? Merges { get; init; }

    public int? BosTokenId { get; init; }

    public int? EosTokenId { get; init; }

    public int? EotTokenId { get; init; }

    public int? UnknownTokenId { get; init; }

    public bool? AddBos { get; init; }

    public bool? AddEos { get; init; }

    public bool? AddSpacePrefix { get; init; }

    /// <summary>The 256 letters of the byte alphabet, in the order of their bytes.</summary>
    public static string[] ByteLetters { get; } = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Letter((byte)value).ToString())];

    public Tokenizer Load() => Tokenizer.Load(ToGguf().Metadata);

    public GgufWriter ToGguf()
    {
        GgufWriter writer = new();
        Add(writer, "model", Model, GgufValue.OfString);
        Add(writer, "pre", Pre, GgufValue.OfString);
        Add(writer, "tokens", Tokens, GgufValue.OfStrings);
        Add(writer, "token_type", Types, types => GgufValue.OfArray<int>(types));
        Add(writer, "scores", Scores, scores => GgufValue.OfArray<float>(scores));
        Add(writer, "merges", Merges, GgufValue.OfStrings);
        AddScalar(writer, "bos_token_id", (uint?)BosTokenId);
        AddScalar(writer, "eos_token_id", (uint?)EosTokenId);
        AddScalar(writer, "eot_token_id", (uint?)EotTokenId);
        AddScalar(writer, "unknown_token_id", (uint?)UnknownTokenId);
        AddScalar(writer, "add_bos_token", AddBos);
        AddScalar(writer, "add_eos_token", AddEos);
        AddScalar(writer, "add_space_prefix", AddSpacePrefix);
        return writer;
    }

    private static void Add<T>(GgufWriter writer, string name, T? value, Func<T, GgufValue> encode)
        where T : class
    {
        if (value is not null)
        {
            writer.Add($"tokenizer.ggml.{name}", encode(value));
        }
    }

    private static void AddScalar<T>(GgufWriter writer, string name, T? value)
        where T : unmanaged
    {
        if (value is { } present)
        {
            writer.Add($"tokenizer.ggml.{name}", present);
        }
    }
}
