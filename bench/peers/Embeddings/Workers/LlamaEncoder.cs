using System.Runtime.InteropServices;
using System.Text;
using LocalLlm.Peers.Workers;

namespace LocalLlm.Peers.Embeddings.Workers;

/// <summary>A context of llama.cpp that turns sequences of tokens into pooled vectors, several sequences a call.</summary>
internal sealed unsafe class LlamaEncoder : IDisposable
{
    private readonly LlamaLibrary _library;
    private readonly nint _context;
    private readonly int _width;
    private readonly delegate* unmanaged<nint, LlamaLibrary.Block, int> _encode;
    private readonly delegate* unmanaged<nint, int, float*> _vectorOf;
    private LlamaLibrary.Block _batch;

    /// <summary>Makes a context.</summary>
    /// <param name="library">The library.</param>
    /// <param name="model">A loaded encoder, whose metadata say how it pools.</param>
    /// <param name="tuning">Its <see cref="PeerTuning.MicroBatch"/> are the most tokens of a call: an encoder computes a call as a whole.</param>
    /// <param name="threads">Threads that compute.</param>
    public LlamaEncoder(LlamaLibrary library, nint model, PeerTuning tuning, int threads)
    {
        _library = library;
        _context = library.CreateContext(model, tuning.MicroBatch, tuning, threads);
        ((delegate* unmanaged<nint, byte, void>)library.Export("llama_set_embeddings"))(_context, 1);
        _width = ((delegate* unmanaged<nint, int>)library.Export("llama_model_n_embd"))(model);
        _encode = (delegate* unmanaged<nint, LlamaLibrary.Block, int>)library.Export("llama_encode");
        _vectorOf = (delegate* unmanaged<nint, int, float*>)library.Export("llama_get_embeddings_seq");
        LlamaLibrary.Block batch = default;
        ((delegate* unmanaged<LlamaLibrary.Block*, int, int, int, LlamaLibrary.Block*>)library.Export("llama_batch_init"))(&batch, tuning.MicroBatch, 0, 1);
        _batch = batch;

        // n_tokens and, from byte 8 on, pointers: token, embd (null, for tokens are given), pos, n_seq_id, seq_id, logits.
        ReadOnlySpan<nint> fields = MemoryMarshal.Cast<byte, nint>(_batch.Bytes)[..8];
        LlamaLibrary.Require(fields[1] != 0 && fields[2] == 0 && !fields[3..7].Contains(0) && fields[7] == 0, "llama_batch");
    }

    /// <summary>Tokens of a text, as the library's own tokenizer sees it, with the special tokens that the model wants.</summary>
    public static int[] Tokenize(LlamaLibrary library, nint model, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int[] tokens = new int[bytes.Length + 2]; // no token is shorter than a byte; one before and one after
        int count;
        fixed (byte* pointer = bytes)
        fixed (int* into = tokens)
        {
            count = ((delegate* unmanaged<nint, byte*, int, int*, int, byte, byte, int>)library.Export("llama_tokenize"))(
                library.Vocabulary(model), pointer, bytes.Length, into, tokens.Length, 1, 0);
        }
        return count > 0 ? tokens[..count] : throw new InvalidOperationException($"llama_tokenize failed with {count}.");
    }

    /// <summary>Embeds sequences in one call.</summary>
    /// <param name="sequences">Tokens of each.</param>
    /// <param name="vectors">Receives copies of the pooled vectors, one after the other.</param>
    public void Embed(ReadOnlySpan<int[]> sequences, Span<float> vectors)
    {
        LlamaLibrary.Block batch = _batch;
        nint* fields = (nint*)&batch;
        int** ids = (int**)fields[5];
        int at = 0;
        for (int sequence = 0; sequence < sequences.Length; sequence++)
        {
            for (int position = 0; position < sequences[sequence].Length; position++, at++)
            {
                ((int*)fields[1])[at] = sequences[sequence][position];
                ((int*)fields[3])[at] = position;
                ((int*)fields[4])[at] = 1;
                ids[at][0] = sequence;
                ((byte*)fields[6])[at] = 1;
            }
        }
        *(int*)fields = at;
        int result = _encode(_context, batch);
        if (result != 0)
        {
            throw new InvalidOperationException($"llama_encode failed with {result} for {sequences.Length} sequences of {at} tokens.");
        }
        for (int sequence = 0; sequence < sequences.Length; sequence++)
        {
            float* vector = _vectorOf(_context, sequence);
            new ReadOnlySpan<float>(vector, _width).CopyTo(vectors[(sequence * _width)..]);
        }
    }

    /// <summary>Components of a vector.</summary>
    public int Width => _width;

    /// <inheritdoc/>
    public void Dispose()
    {
        ((delegate* unmanaged<LlamaLibrary.Block, void>)_library.Export("llama_batch_free"))(_batch);
        _library.FreeContext(_context);
    }
}
