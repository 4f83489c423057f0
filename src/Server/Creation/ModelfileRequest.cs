using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Modelfiles;

namespace LocalLlm.Server.Creation;

/// <summary>Modelfiles as requests of <c>/api/create</c>.</summary>
internal static class ModelfileRequest
{
    /// <summary>All that a Modelfile says but what it is built upon. What it does not say is left out, and what it empties is there empty.</summary>
    public static JsonObject FieldsOf(Modelfile modelfile)
    {
        JsonObject fields = [];
        foreach ((string field, string? value) in new[]
        {
            ("template", modelfile.Template), ("system", modelfile.System), ("renderer", modelfile.Renderer), ("parser", modelfile.Parser), ("requires", modelfile.Requires),
        })
        {
            if (value is not null)
            {
                fields[field] = value;
            }
        }
        if (modelfile.Licenses.Count > 0)
        {
            fields["license"] = new JsonArray([.. modelfile.Licenses.Select(licence => JsonValue.Create(licence))]);
        }
        if (modelfile.Parameters is { Count: > 0 } parameters)
        {
            fields["parameters"] = parameters;
        }
        if (modelfile.Messages is { Count: > 0 } messages)
        {
            fields["messages"] = new JsonArray([.. messages.Select(JsonOf)]);
        }
        return fields;
    }

    /// <summary>
    /// A request as it is, or if it says what to build upon in a field <c>modelfile</c> only, as clients of Ollama did until 2025, with that put into the
    /// fields of today. It may build upon a model and nothing else: paths would be those of this machine.
    /// </summary>
    /// <exception cref="RequestException">400: the Modelfile is wrong, or names files.</exception>
    public static JsonFields Modernise(JsonFields body)
    {
        if (body.String("modelfile") is not { Length: > 0 } text || body.String("from") is { Length: > 0 } || body.Object("files") is not null)
        {
            return body;
        }
        Modelfile modelfile = Parse(text);
        if (modelfile.From is not [string from] || modelfile.Adapters.Count + modelfile.Drafts.Count > 0)
        {
            throw RequestException.BadRequest("a 'modelfile' can build upon one model, without adapters: upload files with POST /api/blobs/DIGEST and name them under 'files' and 'adapters'");
        }
        JsonObject fields = FieldsOf(modelfile);
        fields["from"] = from;
        foreach ((string name, JsonNode? value) in JsonNodes.ObjectOf(body.Element))
        {
            fields[name] = value?.DeepClone();
        }
        using JsonDocument document = JsonDocument.Parse(fields.ToJsonString());
        return new JsonFields(document.RootElement.Clone(), "");
    }

    private static Modelfile Parse(string text)
    {
        try
        {
            return ModelfileParser.Parse(text);
        }
        catch (ModelfileException exception)
        {
            throw RequestException.BadRequest(exception.Message);
        }
    }

    private static JsonObject JsonOf(ChatMessage message) => new() { ["role"] = message.Role, ["content"] = message.Content };
}
