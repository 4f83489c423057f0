using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>Checkpoints converted once for all tests of a class, in a temporary folder.</summary>
public sealed class ConvertedModels : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-converted-");
    private readonly Lock _lock = new();

    /// <summary>The GGUF file of a checkpoint, its matrices in the checkpoint's own format or another.</summary>
    public string Path(string name, GgmlType? type = null)
    {
        string path = System.IO.Path.Combine(_folder.FullName, $"{name}.{type}.gguf");
        lock (_lock)
        {
            if (!File.Exists(path))
            {
                using ModelConverter converter = ModelConverter.Open(CheckpointCopy.Original(name), new ConversionOptions { MatrixType = type });
                converter.Write(path);
            }
        }
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
