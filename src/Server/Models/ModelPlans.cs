using System.Collections.Concurrent;
using LocalLlm.Engine;
using LocalLlm.Engine.Adapters;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Models;

/// <summary>Works out what models will take from the shapes in their files, which are read once for each version of a file.</summary>
/// <param name="options">How models are loaded.</param>
internal sealed class ModelPlans(ModelOptions options)
{
    private readonly ConcurrentDictionary<string, Shape> _shapes = [];

    /// <summary>The plan of a model for so many free bytes; null if the file tells no shape, which loading it will complain of in its own words.</summary>
    public Func<long, MemoryPlan>? Read(ServedModel model)
    {
        try
        {
            Shape shape = ShapeOf(model.Path);
            long adapters = model.Adapters.Sum(AdapterFile.MemoryBytes);
            return available => MemoryPlan.For(shape.Config, shape.WeightBytes, options, available, adapters);
        }
        catch (Exception exception) when (exception is TextEngineException or GgufFormatException or SafetensorsFormatException or IOException or UnauthorizedAccessException or OverflowException)
        {
            return null;
        }
    }

    private Shape ShapeOf(string path)
    {
        FileInfo info = new(path);
        if (_shapes.TryGetValue(path, out Shape? known) && known.Length == info.Length && known.Changed == info.LastWriteTimeUtc)
        {
            return known;
        }
        using GgufFile file = GgufFile.Open(path);
        return _shapes[path] = new Shape(info.Length, info.LastWriteTimeUtc, TransformerConfig.Read(file), file.FileBytes);
    }

    private sealed record Shape(long Length, DateTime Changed, TransformerConfig Config, long WeightBytes);
}
