using System.Text.Json.Serialization;

namespace LocalLlm.Peers.Embeddings.Results;

/// <summary>A measured line: one of our sides beside the peer, in one row.</summary>
internal sealed record EmbedResult
{
    /// <summary>The row's name.</summary>
    public required string Row { get; init; }

    /// <summary><c>in process</c>, or <c>HTTP</c>.</summary>
    public required string Way { get; init; }

    /// <summary>Format of our weights; the peer's are F16.</summary>
    public required string Format { get; init; }

    /// <summary>Texts of a sample.</summary>
    public required int Texts { get; init; }

    /// <summary>Tokens of a sample.</summary>
    public required int Tokens { get; init; }

    /// <summary>So many times the peer's speed was to be reached; null for nothing.</summary>
    public required double? Target { get; init; }

    /// <summary>How many times as fast as the peer, by the medians.</summary>
    public required double Ratio { get; init; }

    /// <summary>This project.</summary>
    public required EmbedSamples LocalLlm { get; init; }

    /// <summary>llama.cpp.</summary>
    public required EmbedSamples Peer { get; init; }

    /// <summary>Samples in which other processes used more of the machine than a twentieth, even after retakes.</summary>
    public required int Disturbed { get; init; }

    /// <summary>Code that was measured: commit, and a mark of uncommitted changes.</summary>
    public required string Commit { get; init; }

    /// <summary>Threads of both engines.</summary>
    public required int Threads { get; init; }

    /// <summary>When, in UTC.</summary>
    public required DateTime Date { get; init; }

    /// <summary>Whether the target was met, for a line of text.</summary>
    [JsonIgnore]
    public string Verdict => Target is not { } target ? "" : Ratio >= target ? ", met" : ", missed";

    /// <summary>Makes a line of what two contenders did.</summary>
    public static EmbedResult Of(EmbedRow row, Contender ours, Contender peer, EmbedOptions options)
    {
        EmbedSamples a = EmbedSamples.Of(ours), b = EmbedSamples.Of(peer);
        return new EmbedResult
        {
            Row = row.Name,
            Way = ours.Name,
            Format = ours.Format,
            Texts = row.Texts,
            Tokens = ours.Tokens,
            Target = row.Target(ours.Format == "F16"),
            Ratio = a.Median / b.Median,
            LocalLlm = a,
            Peer = b,
            Disturbed = ours.Disturbed + peer.Disturbed,
            Commit = options.Commit,
            Threads = options.Threads,
            Date = DateTime.UtcNow,
        };
    }
}

/// <summary>What one engine did.</summary>
/// <param name="Description">Version and settings.</param>
/// <param name="Samples">Tokens per second of each sample.</param>
internal sealed record EmbedSamples(string Description, IReadOnlyList<double> Samples)
{
    /// <summary>The middle sample.</summary>
    public double Median => Samples.Order().ElementAt(Samples.Count / 2);

    /// <summary>The samples of a contender.</summary>
    public static EmbedSamples Of(Contender contender) =>
        new(contender.Description, [.. contender.Milliseconds.Select(time => Math.Round(contender.Tokens * 1000 / time, 1))]);
}
