namespace LocalLlm.Engine.Adapters;

/// <summary>What adapters add to the matrices of one block; names as in <see cref="Transformer.BlockWeights"/>. Mostly one adapter or none for each.</summary>
internal sealed class BlockAdapters
{
    /// <summary>To the query projection.</summary>
    public List<LoraMatrix> AttnQ { get; } = [];

    /// <summary>To the key projection.</summary>
    public List<LoraMatrix> AttnK { get; } = [];

    /// <summary>To the value projection.</summary>
    public List<LoraMatrix> AttnV { get; } = [];

    /// <summary>To the projection of the attention's result.</summary>
    public List<LoraMatrix> AttnOutput { get; } = [];

    /// <summary>To the gate of the feed-forward.</summary>
    public List<LoraMatrix> FfnGate { get; } = [];

    /// <summary>To the up projection.</summary>
    public List<LoraMatrix> FfnUp { get; } = [];

    /// <summary>To the down projection.</summary>
    public List<LoraMatrix> FfnDown { get; } = [];
}
