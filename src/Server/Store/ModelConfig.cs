using System.Text.Json;

namespace LocalLlm.Server.Store;

/// <summary>
/// The config blob of a stored model: what lists show without opening the model. Everything may be missing in blobs that others wrote, and may hold
/// more than is read here.
/// </summary>
internal sealed record ModelConfig
{
    /// <summary><c>gguf</c> or <c>safetensors</c>.</summary>
    public string? ModelFormat { get; init; }

    /// <summary>Architecture, for example <c>qwen3</c>.</summary>
    public string? ModelFamily { get; init; }

    /// <summary>The architecture again, and those of projectors.</summary>
    public IReadOnlyList<string>? ModelFamilies { get; init; }

    /// <summary>Number of weights for people: <c>7.6B</c>.</summary>
    public string? ModelType { get; init; }

    /// <summary>Quantization: <c>Q4_K_M</c>.</summary>
    public string? FileType { get; init; }

    /// <summary>Name of a prompt renderer that the model wants instead of a template.</summary>
    public string? Renderer { get; init; }

    /// <summary>Name of the parser of its answers.</summary>
    public string? Parser { get; init; }

    /// <summary>The least version that runs it, as the Modelfile said.</summary>
    public string? Requires { get; init; }

    /// <summary>Where the model really runs: only set for models of a cloud.</summary>
    public string? RemoteHost { get; init; }

    /// <summary>Its name there.</summary>
    public string? RemoteModel { get; init; }

    /// <summary>Capabilities beyond those that the files show.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>Positions that it was trained for.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Width of its embeddings.</summary>
    public int? EmbeddingLength { get; init; }

    /// <summary>The model's base name.</summary>
    public string? BaseName { get; init; }

    /// <summary>Always <c>amd64</c>: Docker's schema wants one.</summary>
    public string? Architecture { get; init; }

    /// <summary>Always <c>linux</c>, for the same reason.</summary>
    public string? Os { get; init; }

    /// <summary>The layers' digests in Docker's form.</summary>
    public RootFs? Rootfs { get; init; }

    /// <summary>Reads a config blob.</summary>
    /// <param name="json">UTF-8.</param>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static ModelConfig Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ConfigJson.Instance.ModelConfig) ?? new ModelConfig();
        }
        catch (JsonException exception)
        {
            throw new FormatException($"it is no config: {exception.Message}", exception);
        }
    }

    /// <summary>The config as UTF-8, the same bytes every time.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ConfigJson.Instance.ModelConfig);
}

/// <summary>The part of a config that Docker's schema wants.</summary>
internal sealed record RootFs
{
    /// <summary>Always <c>layers</c>.</summary>
    public string? Type { get; init; }

    /// <summary>Digests of the layers.</summary>
    public IReadOnlyList<string>? DiffIds { get; init; }
}
