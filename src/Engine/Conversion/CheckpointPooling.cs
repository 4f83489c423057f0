using System.Text.Json;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// How an embedding model pools, as sentence-transformers writes it: <c>modules.json</c> lists the steps of the model, and the folder of the step
/// <c>Pooling</c> has a <c>config.json</c>.
/// </summary>
internal static class CheckpointPooling
{
    private static readonly (string Property, string Mode, PoolingType Type)[] s_modes =
    [
        ("pooling_mode_cls_token", "cls", PoolingType.Cls),
        ("pooling_mode_mean_tokens", "mean", PoolingType.Mean),
        ("pooling_mode_lasttoken", "lasttoken", PoolingType.Last),
    ];

    /// <summary>The pooling of a checkpoint; <see cref="PoolingType.None"/> where there is no <c>modules.json</c>.</summary>
    /// <exception cref="TextEngineException">A file is missing or wrong, or a step or the pooling is not supported.</exception>
    public static PoolingType Read(string directory)
    {
        if (JsonSection.TryReadElement(directory, "modules.json") is not { ValueKind: JsonValueKind.Array } modules)
        {
            return PoolingType.None;
        }
        PoolingType pooling = PoolingType.None;
        foreach (JsonElement module in modules.EnumerateArray())
        {
            // The name of a Python class. Vectors come out at length 1, so Normalize changes nothing.
            string type = TextOf(module, "type") ?? "null";
            pooling = type[(type.LastIndexOf('.') + 1)..] switch
            {
                "Pooling" => ReadModule(directory, TextOf(module, "path")),
                "Transformer" or "Normalize" => pooling,
                _ => throw CheckpointError.InFile(Path.Combine(directory, "modules.json"), $"the module {GgufFormatException.Quote(type)} is not supported; supported are Transformer, Pooling and Normalize"),
            };
        }
        return pooling;
    }

    private static PoolingType ReadModule(string directory, string? folder)
    {
        // The folder lies in the checkpoint: a path that leads elsewhere would have any file of this user read.
        if (folder is null or "." or ".." || folder.IndexOfAny(['/', '\\', '\0']) >= 0)
        {
            throw CheckpointError.InFile(directory, $"modules.json places the pooling in {GgufFormatException.Quote(folder ?? "null")}, which is no plain name of a folder");
        }
        JsonSection config = JsonSection.Read(Path.Combine(directory, folder), "config.json");
        // Newer files name the mode, older ones have a yes or no for each.
        string[] modes = config.Text("pooling_mode") is { } mode
            ? [mode]
            : [.. config.Element.EnumerateObject().Where(property => property.Name.StartsWith("pooling_mode_", StringComparison.Ordinal) && property.Value.ValueKind == JsonValueKind.True).Select(property => property.Name)];
        int index = modes is [string only] ? Array.FindIndex(s_modes, known => known.Property == only || known.Mode == only) : -1;
        return index >= 0
            ? s_modes[index].Type
            : throw config.Refused($"the pooling {GgufFormatException.Quote(string.Join(" with ", modes))} is not supported; supported are cls, mean and lasttoken, one of them");
    }

    private static string? TextOf(JsonElement module, string name) =>
        module.ValueKind == JsonValueKind.Object && module.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
