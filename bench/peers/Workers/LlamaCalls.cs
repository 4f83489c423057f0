namespace LocalLlm.Peers.Workers;

/// <summary>The functions of llama.cpp that a measured loop calls.</summary>
internal unsafe struct LlamaCalls
{
    /// <summary>The context's cache.</summary>
    public nint Memory;

    /// <summary>Makes a batch of tokens that follow what is cached; logits are wanted after the last.</summary>
    public delegate* unmanaged<LlamaLibrary.Block*, int*, int, LlamaLibrary.Block*> BatchOfTokens;

    /// <summary>Evaluates a batch; 0 if all went well.</summary>
    public delegate* unmanaged<nint, LlamaLibrary.Block, int> Decode;

    /// <summary>Logits of an output by its index; -1 is the last. Waits for the computation.</summary>
    public delegate* unmanaged<nint, int, float*> Logits;

    /// <summary>Removes positions [from, to) of a sequence from the cache; -1 is the end. False (0) if it cannot.</summary>
    public delegate* unmanaged<nint, int, int, int, byte> Remove;
}
