namespace LocalLlm.Server.Store;

/// <summary>Media types of manifests and layers, as Ollama's registry knows them.</summary>
internal static class MediaTypes
{
    /// <summary>The manifest itself: Docker's image manifest, version 2, schema 2.</summary>
    public const string Manifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>The config blob (<see cref="ModelConfig"/>).</summary>
    public const string Config = "application/vnd.docker.container.image.v1+json";

    /// <summary>The model: one GGUF file.</summary>
    public const string Model = Prefix + "model";

    /// <summary>A projector for images or sound: a GGUF file. There may be several.</summary>
    public const string Projector = Prefix + "projector";

    /// <summary>A LoRA adapter: a GGUF file. There may be several.</summary>
    public const string Adapter = Prefix + "adapter";

    /// <summary>A draft model for speculation.</summary>
    public const string Draft = Prefix + "draft";

    /// <summary>The chat template in Go's template language.</summary>
    public const string Template = Prefix + "template";

    /// <summary>The old name of <see cref="Template"/>.</summary>
    public const string Prompt = Prefix + "prompt";

    /// <summary>The system message.</summary>
    public const string System = Prefix + "system";

    /// <summary>Options: a JSON object.</summary>
    public const string Params = Prefix + "params";

    /// <summary>The conversation's beginning: a JSON array of <c>{role, content}</c>.</summary>
    public const string Messages = Prefix + "messages";

    /// <summary>The licence's text. There may be several.</summary>
    public const string License = Prefix + "license";

    /// <summary>A tensor of a model in safetensors' format, one layer each.</summary>
    public const string Tensor = Prefix + "tensor";

    private const string Prefix = "application/vnd.ollama.image.";

    /// <summary>Whether it is a type of a model's layers, be it one that this program knows or a later one.</summary>
    public static bool IsOfModel(string mediaType) => mediaType.StartsWith(Prefix, StringComparison.Ordinal);
}
