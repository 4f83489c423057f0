using System.Reflection;
using LocalLlm.Engine;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Server.Cli.Bench;

/// <summary>What all tests of a run have in common: the program, the processor, the model, and how it computes.</summary>
/// <param name="Path">The model's file.</param>
/// <param name="Model">Architecture, size and quantization, for example <c>qwen3 4.02B Q4_K_M</c>.</param>
/// <param name="Bytes">Bytes of the tensors.</param>
/// <param name="Parameters">Weights.</param>
/// <param name="Options">How it computes; the threads are each test's own.</param>
internal sealed record BenchSetting(string Path, string Model, long Bytes, long Parameters, ModelOptions Options)
{
    private static readonly string[] s_version =
        typeof(BenchSetting).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+');

    /// <summary>The back end, the only one there is.</summary>
    public const string Backend = "CPU";

    /// <summary>The commit that the program was built from, 8 digits; <c>unknown</c> where the build did not know it.</summary>
    public static string Commit => s_version is [_, { Length: >= 8 } commit, ..] ? commit[..8] : "unknown";

    /// <summary>The program's version.</summary>
    public static string Version => s_version[0];

    /// <summary>Name of the type of cached keys and values.</summary>
    public string CacheType => Options.KeyValueType.ToString().ToLowerInvariant();

    /// <summary>Name of the SIMD level.</summary>
    public string Simd => SimdLevels.Name(Options.Simd);

    /// <summary>Name of the type of activations.</summary>
    public string Activations => Options.Activations.ToString().ToLowerInvariant();

    /// <summary>Reads a loaded model.</summary>
    public static BenchSetting Of(LanguageModel model)
    {
        ModelDescription facts = model.Description;
        string size = model.File.Metadata.GetString("general.size_label", null) ?? Models.HumanNumber.Of(facts.ParameterCount);
        IReadOnlyList<GgufTensor> tensors = model.File.Tensors;
        return new BenchSetting(
            model.File.Paths[0], $"{facts.Architecture} {size} {facts.Quantization}", tensors.Sum(tensor => tensor.ByteLength), facts.ParameterCount, model.Options);
    }
}
