using System.Text.Json;
using LocalLlm.Server.Modelfiles;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http.Native;

/// <summary>The Modelfile that makes a model again, and the list of its options, as <c>/api/show</c> gives them.</summary>
internal static class ModelfileText
{
    /// <summary>The Modelfile.</summary>
    public static string Of(ServedModel model) => ModelfileWriter.WriteShown(ServedModels.MainNameOf(model).DisplayName, CommandsOf(model));

    /// <summary>The model's own options, one a line, names 30 wide.</summary>
    public static string ParametersOf(ServedModel model) => string.Join('\n', OptionsOf(model).Select(option => $"{option.Name,-30} {option.Value.GetRawText()}"));

    private static IEnumerable<ModelfileCommand> CommandsOf(ServedModel model)
    {
        StoredModel? stored = model.Stored;
        return
        [
            .. All(ModelfileInstruction.From, [model.Path, .. stored?.Projectors ?? []]),
            .. All(ModelfileInstruction.Adapter, model.Adapters),
            .. All(ModelfileInstruction.Template, [stored?.Template]),
            .. All(ModelfileInstruction.System, [model.System]),
            .. All(ModelfileInstruction.Renderer, [stored?.Config.Renderer]),
            .. All(ModelfileInstruction.Parser, [stored?.Config.Parser]),
            .. All(ModelfileInstruction.Requires, [stored?.Config.Requires]),
            .. OptionsOf(model).Select(option => new ModelfileCommand(ModelfileInstruction.Parameter, TextOf(option.Value)) { Name = option.Name }),
            .. All(ModelfileInstruction.License, stored?.Licences ?? []),
            .. model.Messages.Select(message => new ModelfileCommand(ModelfileInstruction.Message, message.Content) { Name = message.Role }),
        ];
    }

    private static IEnumerable<ModelfileCommand> All(ModelfileInstruction instruction, IEnumerable<string?> values) =>
        values.Where(value => value is { Length: > 0 }).Select(value => new ModelfileCommand(instruction, value!));

    /// <summary>The model's own options: one for each item of a list.</summary>
    private static IEnumerable<(string Name, JsonElement Value)> OptionsOf(ServedModel model)
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
                yield return (option.Name, value);
            }
        }
    }

    /// <summary>Modelfiles have no escapes: texts stand as they are.</summary>
    private static string TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
