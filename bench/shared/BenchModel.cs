using LocalLlm.Engine.Synthesis;
using LocalLlm.Gguf;

namespace LocalLlm.Bench.Shared;

/// <summary>A model file to measure with: one of the repository, or one with random weights that is made when first needed.</summary>
internal sealed class BenchModel
{
    private readonly string? _path;
    private readonly string? _shape;
    private readonly SyntheticMix? _mix;

    private BenchModel(string name, string? path, string? shape, SyntheticMix? mix) => (Name, _path, _shape, _mix) = (name, path, shape, mix);

    /// <summary>The model of the repository.</summary>
    public static BenchModel SmolLm2 { get; } = Bundled("SmolLM2-135M Q4_1", "models/SmolLM2-135M-Instruct.Q4_1.gguf");

    /// <summary>For tables.</summary>
    public string Name { get; }

    /// <summary>A file of the repository.</summary>
    /// <param name="name">For tables.</param>
    /// <param name="path">Below the repository's root.</param>
    public static BenchModel Bundled(string name, string path) => new(name, path, null, null);

    /// <summary>Random weights in a published shape.</summary>
    /// <param name="name">For tables, without the format.</param>
    /// <param name="shape">Name of the shape, <c>qwen3:4b</c>.</param>
    /// <param name="mix">Formats.</param>
    public static BenchModel Synthetic(string name, string shape, SyntheticMix mix) => new($"{name} {mix.Name}", null, shape, mix);

    /// <summary>The file; made if it is not there.</summary>
    /// <param name="root">The repository.</param>
    /// <param name="cache">Folder for files that are made.</param>
    public string Ensure(string root, string cache)
    {
        if (_path is not null)
        {
            return Path.Combine(root, _path);
        }
        string path = Path.Combine(cache, $"{_shape!.Replace(':', '-')}-{_mix!.Name}.gguf");
        if (!File.Exists(path) && SyntheticShape.TryFind(_shape, out SyntheticShape? shape))
        {
            Console.Error.WriteLine($"making {path}");
            Directory.CreateDirectory(cache);
            SyntheticModel.Write(path, shape, _mix);
        }
        return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
    }

    /// <summary>Bytes that one token's evaluation must read: all matrices (of an embedding that is not the head too, one row: nothing), and keys and values.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cached">Positions in the cache, F16.</param>
    public static long BytesPerToken(string path, double cached)
    {
        using GgufFile file = GgufFile.Open(path);
        bool untied = file.Tensors.Any(tensor => tensor.Name == "output.weight");
        long weights = file.Tensors.Where(tensor => !(untied && tensor.Name == "token_embd.weight")).Sum(tensor => tensor.ByteLength);
        string architecture = file.Metadata.GetString("general.architecture");
        int Key(string name, int fallback) => file.Metadata.GetInt32($"{architecture}.{name}", fallback);
        int heads = Key("attention.head_count", 1);
        int width = Key("attention.key_length", Key("embedding_length", 0) / heads);
        long perPosition = 2L * Key("block_count", 0) * Key("attention.head_count_kv", heads) * (width + Key("attention.value_length", width));
        return weights + (long)(perPosition * cached);
    }
}
