using System.Text.Json.Serialization;

namespace LocalLlm.Peers.Results;

/// <summary>A measured row.</summary>
internal sealed record RowResult
{
    /// <summary>The row's name.</summary>
    public required string Name { get; init; }

    /// <summary>Unit of the samples: <c>tokens/s</c>, or <c>ms</c>, where less is better.</summary>
    public required string Unit { get; init; }

    /// <summary>What was to be reached.</summary>
    public required string Target { get; init; }

    /// <summary>Whether it was.</summary>
    public required bool Met { get; init; }

    /// <summary>How many times as fast as the peer, by the medians.</summary>
    public required double Ratio { get; init; }

    /// <summary>This project.</summary>
    public required EngineResult LocalLlm { get; init; }

    /// <summary>llama.cpp.</summary>
    public required EngineResult Peer { get; init; }

    /// <summary>The bound of decoding; null for other work.</summary>
    public BoundResult? Bound { get; init; }

    /// <summary>What our process may use: the file, the cache for all positions of the row, and 200 MB.</summary>
    public required long MemoryLimit { get; init; }

    /// <summary>Samples in which other processes used more of the machine than a twentieth, even after retakes.</summary>
    public required int Disturbed { get; init; }

    /// <summary>Code that was measured: commit, and a mark of uncommitted changes.</summary>
    public required string Commit { get; init; }

    /// <summary>Threads of both engines.</summary>
    public required int Threads { get; init; }

    /// <summary>When, in UTC.</summary>
    public required DateTime Date { get; init; }

    /// <summary>Whether memory stayed within <see cref="MemoryLimit"/>.</summary>
    [JsonIgnore]
    public bool MemoryMet => LocalLlm.PeakMemory <= MemoryLimit;
}

/// <summary>What one engine did.</summary>
/// <param name="Description">Version and settings.</param>
/// <param name="Samples">Each sample, in the row's unit.</param>
/// <param name="PeakMemory">VmHWM of the process in bytes.</param>
internal sealed record EngineResult(string Description, IReadOnlyList<double> Samples, long PeakMemory)
{
    /// <summary>The middle sample.</summary>
    public double Median => Samples.Order().ElementAt(Samples.Count / 2);
}

/// <summary>What bounds decoding.</summary>
/// <param name="BytesPerToken">Weights, keys and values that a token's evaluation reads.</param>
/// <param name="BytesPerSecond">Rate at which as many threads read the mapped file from the page cache, best of five passes.</param>
/// <param name="Share">Our share of the bound.</param>
/// <param name="PeerShare">The peer's.</param>
internal sealed record BoundResult(long BytesPerToken, double BytesPerSecond, double Share, double PeerShare);
