using System.Text.Json.Serialization;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary>Answer of <c>/v1/models</c>.</summary>
/// <param name="Data">The models; never null.</param>
internal sealed record ModelList(IReadOnlyList<ModelEntry> Data)
{
    /// <summary>Always <c>list</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";
}

/// <summary>A model that is there.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Created">When its file was changed, seconds since 1970.</param>
/// <param name="OwnedBy">Its namespace.</param>
internal sealed record ModelEntry(string Id, long Created, string OwnedBy)
{
    /// <summary>Always <c>model</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "model";
}
