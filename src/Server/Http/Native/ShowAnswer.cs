using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LocalLlm.Server.Http.Native;

/// <summary>Answer of <c>/api/show</c>.</summary>
internal sealed record ShowAnswer
{
    /// <summary>Licence name or text.</summary>
    public string? License { get; init; }

    /// <summary>A Modelfile that makes the same model.</summary>
    public required string Modelfile { get; init; }

    /// <summary>The model's own options, one a line; empty for none.</summary>
    public required string Parameters { get; init; }

    /// <summary>The chat template: Go's template language if the store has one, else the file's own, Jinja; litellm looks for the word "tools" in it.</summary>
    public required string Template { get; init; }

    /// <summary>The system message; null for none.</summary>
    public string? System { get; init; }

    /// <summary>What kind of model it is.</summary>
    public required ModelDetails Details { get; init; }

    /// <summary>What every conversation begins with; null for nothing.</summary>
    public IReadOnlyList<ShownMessage>? Messages { get; init; }

    /// <summary>The file's metadata; clients fail if it is missing or null.</summary>
    [JsonPropertyName("model_info")]
    public required JsonObject ModelInfo { get; init; }

    /// <summary>The projector's metadata; null without one.</summary>
    [JsonPropertyName("projector_info")]
    public JsonObject? ProjectorInfo { get; init; }

    /// <summary>The file's tensors; null unless asked for.</summary>
    public IReadOnlyList<TensorEntry>? Tensors { get; init; }

    /// <summary>What the model can do: <c>completion</c>, <c>embedding</c>, …</summary>
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>When its file was changed, RFC 3339.</summary>
    public required string ModifiedAt { get; init; }

    /// <summary>The least version that runs the model, as its Modelfile said; null for any.</summary>
    public string? Requires { get; init; }
}

/// <summary>A message of the model's own.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Content">What.</param>
internal sealed record ShownMessage(string Role, string Content);

/// <summary>A tensor of a model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its format, as ggml spells it.</param>
/// <param name="Shape">Its dimensions, fastest first.</param>
internal sealed record TensorEntry(string Name, string Type, IReadOnlyList<long> Shape);
