using System.Text;
using System.Text.Json;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http.Native;

/// <summary>The Modelfile that makes a model again, and the list of its options, as <c>/api/show</c> gives them.</summary>
internal static class ModelfileText
{
    private const string Quotes = "\"\"\"";

    /// <summary>The Modelfile.</summary>
    public static string Of(ServedModel model)
    {
        StringBuilder text = new();
        text.Append("# Modelfile that makes this model again.\n");
        text.Append("# To build a new one from it by name, replace FROM with:\n");
        text.Append("# FROM ").Append(ServedModels.MainNameOf(model).DisplayName).Append("\n\n");
        StoredModel? stored = model.Stored;
        Append(text, "FROM", [model.Path, .. stored?.Projectors ?? []]);
        Append(text, "ADAPTER", stored?.Adapters ?? []);
        AppendText(text, "TEMPLATE", stored?.Template);
        AppendText(text, "SYSTEM", model.System);
        Append(text, "RENDERER", [stored?.Config.Renderer ?? ""]);
        Append(text, "PARSER", [stored?.Config.Parser ?? ""]);
        Append(text, "REQUIRES", [stored?.Config.Requires ?? ""]);
        foreach ((string option, string value) in OptionsOf(model))
        {
            text.Append("PARAMETER ").Append(option).Append(' ').Append(value).Append('\n');
        }
        foreach (string licence in stored?.Licences ?? [])
        {
            AppendText(text, "LICENSE", licence);
        }
        foreach (ChatMessage message in model.Messages)
        {
            text.Append("MESSAGE ").Append(message.Role).Append(' ').Append(Quoted(message.Content)).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>The model's own options, one a line, names 30 wide.</summary>
    public static string ParametersOf(ServedModel model) => string.Join('\n', OptionsOf(model).Select(option => $"{option.Name,-30} {option.Value}"));

    /// <summary>The model's own options as Modelfile parameters: strings quoted, one for each item of a list.</summary>
    private static IEnumerable<(string Name, string Value)> OptionsOf(ServedModel model)
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

    private static void Append(StringBuilder text, string instruction, IEnumerable<string> values)
    {
        foreach (string value in values.Where(value => value.Length > 0))
        {
            text.Append(instruction).Append(' ').Append(value).Append('\n');
        }
    }

    private static void AppendText(StringBuilder text, string instruction, string? value)
    {
        if (value is { Length: > 0 })
        {
            text.Append(instruction).Append(' ').Append(Quoted(value)).Append('\n');
        }
    }

    /// <summary>A value as a Modelfile takes it: bare if it is one plain line, else in quotes, in three if it has any or several lines.</summary>
    private static string Quoted(string value)
    {
        bool isPlain = value.Length > 0 && !value.AsSpan().ContainsAny("\n\r\"") && value.Trim() == value;
        return isPlain ? value : value.AsSpan().ContainsAny("\n\r\"") ? Quotes + value + Quotes : $"\"{value}\"";
    }
}
