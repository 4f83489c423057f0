namespace LocalLlm.Kernels;

/// <summary>Which two numbers of a head turn together.</summary>
public enum RopePairing
{
    /// <summary>(2i, 2i + 1): llama. GGUF files of llama models have their q and k rows permuted for it.</summary>
    Adjacent,

    /// <summary>(i, i + d/2) within the first d = ropeDim numbers: qwen2, qwen3 ("neox").</summary>
    Halves,
}
