using System.Globalization;
using System.Text.Json.Nodes;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Modelfiles;

/// <summary>The options that a <c>PARAMETER</c> (or <c>/set parameter</c>) can name, with their types. Names are taken in any case.</summary>
internal static class ParameterTable
{
    private static readonly Dictionary<string, ParameterKind> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["num_ctx"] = ParameterKind.Integer,
        ["num_batch"] = ParameterKind.Integer,
        ["num_gpu"] = ParameterKind.Integer,
        ["main_gpu"] = ParameterKind.Integer,
        ["num_thread"] = ParameterKind.Integer,
        ["draft_num_predict"] = ParameterKind.Integer,
        ["num_keep"] = ParameterKind.Integer,
        ["num_predict"] = ParameterKind.Integer,
        ["seed"] = ParameterKind.Integer,
        ["top_k"] = ParameterKind.Integer,
        ["repeat_last_n"] = ParameterKind.Integer,
        ["use_mmap"] = ParameterKind.Boolean,
        ["temperature"] = ParameterKind.Real,
        ["top_p"] = ParameterKind.Real,
        ["min_p"] = ParameterKind.Real,
        ["typical_p"] = ParameterKind.Real,
        ["repeat_penalty"] = ParameterKind.Real,
        ["presence_penalty"] = ParameterKind.Real,
        ["frequency_penalty"] = ParameterKind.Real,
        ["stop"] = ParameterKind.Texts,
        ["mirostat"] = ParameterKind.Removed,
        ["mirostat_tau"] = ParameterKind.Removed,
        ["mirostat_eta"] = ParameterKind.Removed,
        ["tfs_z"] = ParameterKind.Removed,
        ["numa"] = ParameterKind.Removed,
        ["low_vram"] = ParameterKind.Removed,
        ["f16_kv"] = ParameterKind.Removed,
        ["vocab_only"] = ParameterKind.Removed,
        ["logits_all"] = ParameterKind.Removed,
        ["use_mlock"] = ParameterKind.Removed,
        ["penalize_newline"] = ParameterKind.Removed,
    };

    /// <summary>The options that mean something.</summary>
    public static IEnumerable<string> Names => Kinds.Where(entry => entry.Value != ParameterKind.Removed).Select(entry => entry.Key);

    /// <summary>The type of an option; null if there is none of that name.</summary>
    public static ParameterKind? KindOf(string name) => Kinds.TryGetValue(name, out ParameterKind kind) ? kind : null;

    /// <summary>Checks a <c>PARAMETER</c> and gives its option's name as it is spelled in requests.</summary>
    /// <exception cref="ModelfileException">There is no such option, or its value is of another type.</exception>
    public static string Check(ModelfileCommand command)
    {
        if (KindOf(command.Name) is not { } kind)
        {
            string? nearest = NearestName.Of(command.Name, Names);
            throw new ModelfileException(command.Line, $"unknown parameter '{command.Name}'{(nearest is null ? "" : $"; did you mean '{nearest}'?")}");
        }
        string name = command.Name.ToLowerInvariant();
        if (kind is not (ParameterKind.Texts or ParameterKind.Removed) && Parse(kind, command.Value) is null)
        {
            throw new ModelfileException(command.Line, kind switch
            {
                ParameterKind.Integer => $"invalid int value [{command.Value}]: {name} takes a whole number",
                ParameterKind.Real => $"invalid float value [{command.Value}]: {name} takes a number such as 0.7",
                _ => $"invalid bool value [{command.Value}]: {name} takes true or false",
            });
        }
        return name;
    }

    /// <summary>An option's value in JSON; null if the text is none of that kind. Of texts it is a list of the one.</summary>
    public static JsonNode? Parse(ParameterKind kind, string text) => kind switch
    {
        ParameterKind.Integer => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer) ? JsonValue.Create(integer) : null,
        ParameterKind.Real => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real) ? JsonValue.Create(real) : null,
        ParameterKind.Boolean => text switch
        {
            "1" or "t" or "T" or "true" or "True" or "TRUE" => JsonValue.Create(true),
            "0" or "f" or "F" or "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ => null,
        },
        ParameterKind.Texts => new JsonArray(JsonValue.Create(text)),
        _ => null,
    };
}
