namespace LocalLlm.Peers.Workers;

/// <summary>Settings of llama.cpp, so that it is measured at its best.</summary>
internal sealed record PeerTuning
{
    /// <summary>Tokens that it computes at once.</summary>
    public int MicroBatch { get; init; } = 512;

    /// <summary>Most sequences of a call.</summary>
    public int Sequences { get; init; } = 1;

    /// <summary>Flash attention: -1 leaves it to the library (its default), 0 off, 1 on.</summary>
    public int FlashAttention { get; init; } = -1;

    /// <summary>Whether weights may be rearranged into a copy while loading (its default): slower to start, faster afterwards.</summary>
    public bool Repack { get; init; } = true;

    /// <summary>Whether its threads stay between calls.</summary>
    public bool KeepThreads { get; init; } = true;

    /// <summary>For tables.</summary>
    public override string ToString() =>
        $"n_ubatch {MicroBatch}, {(Sequences > 1 ? $"{Sequences} sequences a call, " : "")}flash attention {(FlashAttention < 0 ? "auto" : FlashAttention == 0 ? "off" : "on")}, repacking {(Repack ? "on" : "off")}, threads {(KeepThreads ? "kept" : "per call")}";
}
