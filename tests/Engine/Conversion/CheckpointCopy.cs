using System.Text.Json.Nodes;
using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>A checkpoint of tests/Vectors/hf in a folder of its own name, whose files a test may change; gone afterwards.</summary>
internal sealed class CheckpointCopy : IDisposable
{
    /// <summary>The checkpoints with an independent oracle that can be converted.</summary>
    public static readonly string[] Names = ["qwen3-tied", "qwen3-sharded", "qwen2", "llama3", "yarn", "qwen3-embedding"];

    private readonly DirectoryInfo _parent = System.IO.Directory.CreateTempSubdirectory("localllm-convert-");

    public CheckpointCopy(string name)
    {
        Directory = System.IO.Directory.CreateDirectory(Path.Combine(_parent.FullName, name)).FullName;
        string source = Original(name);
        foreach (string file in System.IO.Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Directory, Path.GetRelativePath(source, file));
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public string Directory { get; }

    /// <summary>A path beside the copy, for results.</summary>
    public string Result => Path.Combine(_parent.FullName, "result.gguf");

    public static string Original(string name) => RepoPaths.Vector("hf", name);

    public string this[string file] => Path.Combine(Directory, file);

    /// <summary>Changes a JSON file.</summary>
    public CheckpointCopy Edit(string file, Action<JsonNode> change)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(this[file]))!;
        change(json);
        File.WriteAllText(this[file], json.ToJsonString());
        return this;
    }

    /// <summary>Converts the copy and opens the result, which must be disposed before this is.</summary>
    public GgufFile Convert(GgmlType? type = null)
    {
        using ModelConverter converter = ModelConverter.Open(Directory, new ConversionOptions { MatrixType = type });
        converter.Write(Result);
        return GgufFile.Open(Result);
    }

    /// <summary>The sentence with which the copy is refused.</summary>
    public string Refuse() => Assert.Throws<TextEngineException>(() => ModelConverter.Open(Directory).Dispose()).Message;

    public void Dispose() => _parent.Delete(recursive: true);
}
