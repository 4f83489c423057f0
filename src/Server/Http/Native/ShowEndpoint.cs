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
        if ((body.Boolean("verbose") ?? false) && model.Path.Length > 0)
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

    /// <summary>What is shown of a model, but for its tensors and long lists.</summary>
    public ShowAnswer Describe(ServedModel model)
    {
        GgufFacts? facts = model.Stored is null ? models.FactsOf(model) : models.TryFactsOf(model);
        ModelSummary summary = models.Summarize(model);
        return new ShowAnswer
        {
            License = model.Licence ?? facts?.Licence,
            Modelfile = ModelfileText.Of(model),
            Parameters = ModelfileText.ParametersOf(model),
            Template = model.Stored?.Template ?? facts?.Template ?? "",
            System = model.System,
            Details = summary.Details,
            Messages = model.Messages.Count == 0 ? null : [.. model.Messages.Select(message => new ShownMessage(message.Role, message.Content))],
            ModelInfo = facts?.ModelInfo ?? [],
            ProjectorInfo = model.Stored is { Projectors: [string projector, ..] } ? TryMetadataOf(projector) : null,
            Capabilities = summary.Capabilities,
            ModifiedAt = WireTime.Local(summary.ModifiedAt),
            Requires = model.Stored?.Config.Requires,
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

    /// <summary>What a projector's file says; null if it cannot be read.</summary>
    private static JsonObject? TryMetadataOf(string path)
    {
        try
        {
            using GgufFile file = GgufFile.Open(path);
            return GgufFacts.MetadataOf(file, GgufFacts.MaxShortArray);
        }
        catch (Exception exception) when (exception is GgufFormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
