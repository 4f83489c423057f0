using System.Text.Json;

namespace LocalLlm.Server.Cli.Session;

/// <summary>What <c>/api/show</c> answers of a model.</summary>
/// <param name="answer">The answer.</param>
internal sealed class ModelCard(JsonElement answer)
{
    /// <summary>The answer itself.</summary>
    public JsonElement Answer => answer;

    /// <summary>The licence; empty if none is known.</summary>
    public string Licence => Text("license");

    /// <summary>A Modelfile that makes the model again.</summary>
    public string Modelfile => Text("modelfile");

    /// <summary>The model's own options, one a line.</summary>
    public string Parameters => Text("parameters");

    /// <summary>The chat template.</summary>
    public string Template => Text("template");

    /// <summary>The model's own system message; empty for none.</summary>
    public string System => Text("system");

    /// <summary>What the model puts before every conversation.</summary>
    public IReadOnlyList<SessionMessage> Messages =>
    [
        .. from message in Items("messages")
           select new SessionMessage(TextOf(message, "role"), TextOf(message, "content")),
    ];

    /// <summary>The name of the model that this one was made of; empty if it was made of none.</summary>
    public string Parent => answer.TryGetProperty("details", out JsonElement details) ? TextOf(details, "parent_model") : "";

    /// <summary>Whether the model can do something.</summary>
    public bool Can(string capability) => Items("capabilities").Any(item => item.ValueEquals(capability));

    private string Text(string name) => TextOf(answer, name);

    private JsonElement[] Items(string name) =>
        answer.TryGetProperty(name, out JsonElement items) && items.ValueKind == JsonValueKind.Array ? [.. items.EnumerateArray()] : [];

    private static string TextOf(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
