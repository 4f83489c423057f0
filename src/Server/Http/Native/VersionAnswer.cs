using System.Text.Json.Serialization;

namespace LocalLlm.Server.Http.Native;

/// <summary>Answer of <c>/api/version</c>.</summary>
/// <param name="Version">The version of Ollama whose behaviour is followed; clients compare it.</param>
/// <param name="LocalLlmVersion">The version of this program.</param>
internal sealed record VersionAnswer(string Version, [property: JsonPropertyName("localllm_version")] string LocalLlmVersion);
