using LocalLlm.Server.Models;

namespace LocalLlm.Server.Registry;

/// <summary>
/// Hugging Face gives out the GGUF files of its repositories by the registry API: <c>hf.co/ORG/REPO[:QUANT]</c>, or the same at <c>huggingface.co</c>. Its
/// refusals are short; this says what they mean.
/// </summary>
internal static class HuggingFace
{
    /// <summary>Whether a model is there.</summary>
    public static bool Has(ModelName name) =>
        name.Host.Equals("hf.co", StringComparison.OrdinalIgnoreCase) || name.Host.Equals("huggingface.co", StringComparison.OrdinalIgnoreCase);

    /// <summary>What to do about a refusal; null if it is nothing that is known.</summary>
    public static string? AdviceFor(RegistryException exception) => exception.Status switch
    {
        400 when exception.Message.Contains("shard", StringComparison.OrdinalIgnoreCase) =>
            "the model is split into several files, which its registry does not give out: choose a quantization that is one file, or fetch the files, merge them and use 'localllm create'",
        400 or 404 => "name a repository that holds GGUF files, and one of their quantizations if need be: hf.co/ORG/REPO:Q4_K_M",
        401 or 403 => "the repository does not exist, or is private or gated, which needs a login that LocalLlm does not offer: fetch the file by hand and use 'localllm create'",
        _ => null,
    };
}
