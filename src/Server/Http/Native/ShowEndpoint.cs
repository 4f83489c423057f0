using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Gguf;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>POST /api/show</c>.</summary>
internal sealed class ShowEndpoint(ServedModels models)
{
    /// <summary>How the agent of an editor begins that looks for the model's name in the metadata.</summary>
    private const string CopilotAgent = "GitHubCopilotChat/";

    /// <summary>Answers a request; without <c>verbose</c> from what is remembered of the file.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields body = await JsonBody.ReadAsync(context.Request, context.RequestAborted);
        string reference = body.String("model") is { Length: > 0 } named ? named : body.String("name") ?? "";
        if (reference.Length == 0)
        {
            throw RequestException.BadRequest("model is required");
        }
        ServedModel model = models.Find(reference)
            ?? throw RequestException.NotFound($"model '{ServedModels.NameOf(reference).DisplayName}' not found");
        ShowAnswer answer = Describe(model);
        if (body.Boolean("verbose") ?? false)
        {
            answer = WithEverything(answer, model);
        }
        if (context.Request.Headers.UserAgent.ToString().StartsWith(CopilotAgent, StringComparison.Ordinal))
        {
            JsonObject renamed = (JsonObject)answer.ModelInfo.DeepClone(); // the original is shared between requests
            renamed["general.basename"] = reference;
            answer = answer with { ModelInfo = renamed };
        }
        await ApiJson.SendAsync(context, answer, ApiJson.Compact.ShowAnswer);
    }

    private ShowAnswer Describe(ServedModel model)
    {
        GgufFacts facts = models.FactsOf(model);
        return new ShowAnswer
        {
            License = model.Licence ?? facts.Licence,
            Modelfile = ModelfileOf(model),
            Parameters = string.Join('\n', ParametersOf(model).Select(parameter => $"{parameter.Name,-30} {parameter.Value}")),
            Template = facts.Template,
            Details = ModelDetails.Of(facts),
            ModelInfo = facts.ModelInfo,
            Capabilities = GgufFacts.NamesOf(facts.Capabilities),
            ModifiedAt = WireTime.Local(File.GetLastWriteTimeUtc(model.Path)),
        };
    }

    private static ShowAnswer WithEverything(ShowAnswer answer, ServedModel model)
    {
        using GgufFile file = GgufFile.Open(model.Path);
        return answer with
        {
            ModelInfo = GgufFacts.MetadataOf(file, int.MaxValue),
            Tensors = [.. file.Tensors.Select(tensor => new TensorEntry(tensor.Name, GgmlTypes.Name(tensor.Type), tensor.Dimensions))],
        };
    }

    private static string ModelfileOf(ServedModel model)
    {
        StringBuilder text = new();
        text.Append("# Modelfile that makes this model again.\n");
        text.Append("# To build a new one from it by name, replace FROM with:\n");
        text.Append("# FROM ").Append(ServedModels.MainNameOf(model).DisplayName).Append("\n\n");
        text.Append("FROM ").Append(model.Path).Append('\n');
        foreach ((string name, string value) in ParametersOf(model))
        {
            text.Append("PARAMETER ").Append(name).Append(' ').Append(value).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>The model's own options as Modelfile parameters: strings quoted, one for each item of a list.</summary>
    private static IEnumerable<(string Name, string Value)> ParametersOf(ServedModel model)
    {
        if (model.Defaults is not { ValueKind: JsonValueKind.Object } defaults)
        {
            yield break;
        }
        foreach (JsonProperty option in defaults.EnumerateObject())
        {
            IEnumerable<JsonElement> values = option.Value.ValueKind == JsonValueKind.Array ? option.Value.EnumerateArray() : [option.Value];
            foreach (JsonElement value in values)
            {
                yield return (option.Name, value.GetRawText());
            }
        }
    }
}
