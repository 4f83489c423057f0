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
            return available => shape.Plan(options, available, adapters);
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
        return _shapes[path] = new Shape(info.Length, info.LastWriteTimeUtc, PlanOf(file));
    }

    private static Func<ModelOptions, long, long, MemoryPlan> PlanOf(GgufFile file)
    {
        long weights = file.FileBytes;
        if (EncoderConfig.Describes(file))
        {
            EncoderConfig encoder = EncoderConfig.Read(file);
            return (options, available, _) => MemoryPlan.For(encoder, weights, options, available);
        }
        TransformerConfig decoder = TransformerConfig.Read(file);
        return (options, available, adapters) => MemoryPlan.For(decoder, weights, options, available, adapters);
    }

    /// <summary>What a version of a file tells.</summary>
    /// <param name="Length">Its bytes.</param>
    /// <param name="Changed">When it was written.</param>
    /// <param name="Plan">Its plan for options, free bytes and bytes of adapters.</param>
    private sealed record Shape(long Length, DateTime Changed, Func<ModelOptions, long, long, MemoryPlan> Plan);
}
