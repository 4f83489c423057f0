using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Quantization;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>The request of <c>/api/create</c>, checked as far as it can be without looking at any file.</summary>
internal sealed record CreateRequest
{
    private static readonly string[] s_roles = ["system", "user", "assistant"];

    /// <summary>The name that the model shall have.</summary>
    public required ModelName Model { get; init; }

    /// <summary>The model to build upon; null for none.</summary>
    public string? From { get; init; }

    /// <summary>The files to build upon, or projectors beside <see cref="From"/>.</summary>
    public IReadOnlyList<UploadedFile> Files { get; init; } = [];

    /// <summary>LoRA adapters, in the order in which they are applied, after those that there are.</summary>
    public IReadOnlyList<RequestedAdapter> Adapters { get; init; } = [];

    /// <summary>The template, Go's; null to keep what there is, empty for none.</summary>
    public string? Template { get; init; }

    /// <summary>The system message; null to keep what there is, empty for none.</summary>
    public string? System { get; init; }

    /// <summary>Licences to add.</summary>
    public IReadOnlyList<string> Licences { get; init; } = [];

    /// <summary>Options to set over those that there are.</summary>
    public JsonObject Parameters { get; init; } = [];

    /// <summary>Messages in place of those that there are; null to keep them.</summary>
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>Name of the built-in renderer; null to keep what there is.</summary>
    public string? Renderer { get; init; }

    /// <summary>Name of the built-in parser; null to keep what there is.</summary>
    public string? Parser { get; init; }

    /// <summary>The least version; null to keep what there is.</summary>
    public string? Requires { get; init; }

    /// <summary>Facts for the config that the files do not tell.</summary>
    public ModelConfig Info { get; init; } = new();

    /// <summary>What to round the weights to; null to keep them.</summary>
    public QuantizationRecipe? Quantize { get; init; }

    /// <summary>Whether plain HTTP is spoken where <see cref="From"/> has to be fetched.</summary>
    public bool Insecure { get; init; }

    /// <summary>Whether every status is sent, and not the last alone.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>Reads a request.</summary>
    /// <exception cref="RequestException">400: something of it is wrong.</exception>
    public static CreateRequest Read(JsonFields body)
    {
        RefuseUnsupported(body);
        body = ModelfileRequest.Modernise(body);
        CreateRequest request = new()
        {
            Model = ServedModels.NameOf(Text(body, "model") ?? Text(body, "name") ?? ""),
            From = Text(body, "from"),
            Files = UploadedFile.Read(body, "files"),
            Adapters = RequestedAdapter.Read(body),
            Template = TemplateOf(body),
            System = body.String("system"),
            Licences = LicencesOf(body),
            Parameters = ParametersOf(body),
            Messages = MessagesOf(body),
            Renderer = Text(body, "renderer"),
            Parser = Text(body, "parser"),
            Requires = Text(body, "requires"),
            Info = InfoOf(body.Object("info")),
            Quantize = RecipeOf(Text(body, "quantize") ?? Text(body, "quantization")),
            Insecure = body.Boolean("insecure") ?? false,
            Stream = body.Boolean("stream") ?? true,
        };
        return request.From is not null || request.Files.Count > 0
            ? request
            : throw RequestException.BadRequest("neither 'from' or 'files' was specified");
    }

    private static string? Text(JsonFields body, string field) => body.String(field) is { Length: > 0 } text ? text : null;

    private static void RefuseUnsupported(JsonFields body)
    {
        if (body.Object("draft_files") is { } drafts && JsonNodes.ObjectOf(drafts.Element).Count > 0)
        {
            throw RequestException.BadRequest("this version of LocalLlm does not use draft models: leave DRAFT out, the model gives the same answers without it");
        }
    }

    private static string? TemplateOf(JsonFields body)
    {
        string? template = body.String("template");
        try
        {
            if (template is { Length: > 0 })
            {
                _ = new GoChatTemplate(template);
            }
            return template;
        }
        catch (GoTemplateException exception)
        {
            throw RequestException.BadRequest($"template error: {exception.Message}");
        }
    }

    private static IReadOnlyList<string> LicencesOf(JsonFields body) => body.Any("license") switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } one => JsonText.Of(one) is { Length: > 0 } text ? [text] : [],
        _ => body.Strings("license")!,
    };

    /// <summary>Options, checked now so that no model is made that every request fails with.</summary>
    private static JsonObject ParametersOf(JsonFields body)
    {
        JsonFields? parameters = body.Object("parameters");
        _ = new GenerationOptions().With(parameters);
        return parameters is null ? [] : JsonNodes.ObjectOf(parameters.Element);
    }

    private static ChatMessage[]? MessagesOf(JsonFields body)
    {
        ChatMessage[] messages =
        [
            .. body.Objects("messages").Select(message => new ChatMessage { Role = (message.String("role") ?? "").ToLowerInvariant(), Content = message.String("content") ?? "" }),
        ];
        return Array.Find(messages, message => !s_roles.Contains(message.Role)) is { } wrong
            ? throw RequestException.BadRequest($"message role must be one of \"system\", \"user\", or \"assistant\", not \"{wrong.Role}\"")
            : messages.Length > 0 ? messages : null;
    }

    /// <summary>Older clients send facts that are read from the model itself here; those need only be of the right kind.</summary>
    private static ModelConfig InfoOf(JsonFields? info)
    {
        foreach (string name in (ReadOnlySpan<string>)["model_family", "parameter_size", "quantization_level"])
        {
            _ = info?.String(name);
        }
        return new ModelConfig
        {
            Capabilities = info?.Strings("capabilities"),
            ContextLength = info?.Int32("context_length"),
            EmbeddingLength = info?.Int32("embedding_length"),
            BaseName = info?.String("base_name"),
        };
    }

    private static QuantizationRecipe? RecipeOf(string? name) =>
        name is null ? null
        : QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe) ? recipe
        : throw RequestException.BadRequest(
            $"unsupported quantization type {name.ToUpperInvariant()} - supported types are {string.Join(", ", QuantizationRecipe.All.Select(known => known.Name))}");
}
