using System.Numerics.Tensors;

namespace LocalLlm.Peers.Workers;

/// <summary>llama.cpp through its C API.</summary>
internal sealed unsafe class LlamaCppEngine : IBenchEngine
{
    private readonly LlamaLibrary _library;
    private readonly nint _model;
    private readonly nint _context;
    private readonly LlamaCalls _calls;

    /// <summary>Loads a model.</summary>
    public LlamaCppEngine(WorkerSettings settings)
    {
        _library = LlamaLibrary.Load(settings.Library!);
        _model = _library.LoadModel(settings.Model, settings.Tuning.Repack);
        _context = _library.CreateContext(_model, settings.Positions, settings.Tuning, settings.Threads);
        _calls = _library.Calls(_context);
        VocabularySize = _library.VocabularySize(_model);
        Description = $"llama.cpp {_library.Version}, {LlamaLibrary.Variant()}: threads {settings.Threads}, kv F16, {settings.Tuning}";
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public long CacheBytes => 0;

    /// <inheritdoc/>
    public int Evaluate(ReadOnlySpan<int> tokens)
    {
        LlamaLibrary.Block batch = default;
        fixed (int* pointer = tokens)
        {
            _calls.BatchOfTokens(&batch, pointer, tokens.Length);
            int result = _calls.Decode(_context, batch);
            if (result != 0)
            {
                throw new InvalidOperationException($"llama_decode failed with {result}.");
            }
        }
        return TensorPrimitives.IndexOfMax(new ReadOnlySpan<float>(_calls.Logits(_context, -1), VocabularySize));
    }

    /// <inheritdoc/>
    public void Truncate(int position)
    {
        if (_calls.Remove(_calls.Memory, 0, position, -1) == 0)
        {
            throw new InvalidOperationException("llama_memory_seq_rm refused.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _library.FreeContext(_context);
        _library.FreeModel(_model);
    }
}
