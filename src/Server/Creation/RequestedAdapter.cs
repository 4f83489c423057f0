using System.Text.Json;
using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;

namespace LocalLlm.Server.Creation;

/// <summary>A LoRA adapter that a model shall have.</summary>
/// <param name="Files">One GGUF file, or the files of peft's folder.</param>
/// <param name="Scale">How strongly it acts; 1 for what it was trained to.</param>
internal sealed record RequestedAdapter(IReadOnlyList<UploadedFile> Files, float Scale)
{
    /// <summary>The file by which peft's folders are known.</summary>
    public const string ConfigName = "adapter_config.json";

    private const string WeightsName = "adapter_model.safetensors";

    /// <summary>Whether it is a folder of peft's, and not a GGUF file.</summary>
    public bool IsFolder => IsPart(Files[0]);

    /// <summary>
    /// The adapters of a request: <c>adapters</c> gives digests by names as <c>files</c> does, and those of one folder are one adapter; <c>adapter_scales</c>, which
    /// Ollama does not have, gives numbers by the same names.
    /// </summary>
    /// <exception cref="RequestException">400: something of it is wrong.</exception>
    public static IReadOnlyList<RequestedAdapter> Read(JsonFields body)
    {
        IReadOnlyList<UploadedFile> files = UploadedFile.Read(body, "adapters");
        Dictionary<string, float> scales = ScalesOf(body.Object("adapter_scales"));
        if (scales.Keys.FirstOrDefault(name => files.All(file => file.Name != name)) is { } unknown)
        {
            throw RequestException.BadRequest($"adapter_scales names \"{unknown}\", which adapters does not");
        }
        return
        [
            .. WithoutCompany(files)
                .GroupBy(file => IsPart(file) ? (FolderOf(file), true) : (file.Name, false))
                .Select(group => new RequestedAdapter([.. group], group.Select(file => scales.GetValueOrDefault(file.Name, 1)).FirstOrDefault(scale => scale != 1, 1))),
        ];
    }

    /// <summary>
    /// The files but for those that other clients send along with peft's folder: its tokenizer, its template, what training left in folders below. A GGUF file
    /// stays wherever it is.
    /// </summary>
    private static IEnumerable<UploadedFile> WithoutCompany(IReadOnlyList<UploadedFile> files)
    {
        HashSet<string> folders = [.. files.Where(file => file.Name == ConfigName || file.Name.EndsWith($"/{ConfigName}", StringComparison.Ordinal)).Select(FolderOf)];
        return files.Where(file => file.Name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            || !folders.Any(folder => folder.Length == 0 || file.Name.StartsWith($"{folder}/", StringComparison.Ordinal))
            || (folders.Contains(FolderOf(file)) && Path.GetFileName(file.Name) is ConfigName or WeightsName));
    }

    private static string FolderOf(UploadedFile file) => file.Name.LastIndexOf('/') is int slash and >= 0 ? file.Name[..slash] : "";

    private static bool IsPart(UploadedFile file) =>
        file.Name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) || file.Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    private static Dictionary<string, float> ScalesOf(JsonFields? scales) =>
        scales is null || scales.Element.ValueKind != JsonValueKind.Object ? []
        : JsonNodes.ObjectOf(scales.Element).Where(scale => scale.Value is not null).ToDictionary(scale => scale.Key, scale => scales.Single(scale.Key)!.Value);
}
