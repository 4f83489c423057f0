using System.Text.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Models;

/// <summary>
/// One entry of <c>models.manifest</c> (<c>docs/models-manifest.md</c>). A fact that is null was left out, because nobody verified it. Exactly one of
/// <see cref="Path"/> and <see cref="Reference"/> is set.
/// </summary>
internal sealed record CatalogueModel
{
    /// <summary>The names that it goes by, at least one; the first is the one to show.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>What it is, in half a sentence.</summary>
    public string? About { get; init; }

    /// <summary>Full path of the GGUF file that comes with the software.</summary>
    public string? Path { get; init; }

    /// <summary>Where a model that does not come with the software is to be had: a name with its registry.</summary>
    public ModelName? Reference { get; init; }

    /// <summary>SHA-256 of the file, 64 lower-case hexadecimal digits.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Bytes of the file.</summary>
    public long? Size { get; init; }

    /// <summary>GGUF architecture.</summary>
    public string? Architecture { get; init; }

    /// <summary>Number of weights that the file holds.</summary>
    public long? Parameters { get; init; }

    /// <summary>The shape of a model that talks, for memory plans.</summary>
    public CatalogueShape? Shape { get; init; }

    /// <summary>The shape of an encoder, instead of <see cref="Shape"/>.</summary>
    public CatalogueEncoderShape? EncoderShape { get; init; }

    /// <summary>Name of the quantization, for example <c>Q4_K_M</c>.</summary>
    public string? Quantization { get; init; }

    /// <summary>Positions that the model was trained for.</summary>
    public int? Context { get; init; }

    /// <summary>How an embedding model makes one vector of many: <c>mean</c>, <c>cls</c> or <c>last</c>.</summary>
    public string? Pooling { get; init; }

    /// <summary>Where the facts come from.</summary>
    public string? Source { get; init; }

    /// <summary>SPDX identifier of the licence.</summary>
    public string? Licence { get; init; }

    /// <summary>A JSON object of options (<c>temperature</c>, <c>top_p</c>, …) that hold where a request says nothing.</summary>
    public JsonElement? Defaults { get; init; }

    /// <summary>The model as something that can be loaded and served.</summary>
    /// <exception cref="InvalidOperationException">The model has no file.</exception>
    public ServedModel ToServed() => new()
    {
        Names = Names,
        Path = Path ?? throw new InvalidOperationException($"The model '{Names[0]}' has no file."),
        Sha256 = Sha256,
        Defaults = Defaults,
        Licence = Licence,
    };
}
