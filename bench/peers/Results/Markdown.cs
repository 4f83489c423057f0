using System.Globalization;
using System.Text;

namespace LocalLlm.Peers.Results;

/// <summary>The table for people.</summary>
internal static class Markdown
{
    private const string Preface = """
        Medians of alternating runs, each engine in a process of its own, model file in the page cache, greedy argmax over all logits at every step.
        Tokens per second, more is better; for the first token milliseconds, less is better, and the ratio is turned round. Ours counts from the request
        for the process, runtime start included, the peer's from its first statement. Bound: rate at which as many threads read the mapped file from the page
        cache, divided by the bytes of weights, keys and values per token. Memory is VmHWM; its limit is file, cache and 200 MB. Disturbed are samples while other
        processes used more than a twentieth of the machine, even after retakes. Written by `bench/peers/run.sh`.
        """;

    /// <summary>A whole page.</summary>
    public static string Write(ResultDocument document)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"# LocalLlm and llama.cpp: {document.Processor}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"SIMD level {document.Simd}, {document.LogicalProcessors} logical processors.\n\n{Preface}\n\n");
        text.Append(Table(document.Rows)).Append('\n');
        foreach (string engine in document.Rows.SelectMany(row => new[] { "localllm: " + row.LocalLlm.Description, row.Peer.Description }).Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"- {engine}\n");
        }
        return text.ToString();
    }

    /// <summary>The rows.</summary>
    public static string Table(IReadOnlyList<RowResult> rows)
    {
        string[][] cells =
        [
            ["work", "localllm", "llama.cpp", "ratio", "target", "met", "bound", "share", "peer's", "memory MB", "limit", "peer's", "threads", "disturbed", "commit", "date"],
            .. rows.Select(Cells),
        ];
        return MarkdownTable.Write(cells);
    }

    private static string[] Cells(RowResult row) =>
    [
        row.Name, Figure(row.LocalLlm.Median), Figure(row.Peer.Median), Invariant($"{row.Ratio:0.00}"), row.Target, row.Met ? "yes" : "no",
        row.Bound is { } bound ? Figure(bound.BytesPerSecond / bound.BytesPerToken) : "",
        row.Bound is null ? "" : Invariant($"{row.Bound.Share:0 %}"), row.Bound is null ? "" : Invariant($"{row.Bound.PeerShare:0 %}"),
        Megabytes(row.LocalLlm.PeakMemory), Megabytes(row.MemoryLimit) + (row.MemoryMet ? "" : " (missed)"), Megabytes(row.Peer.PeakMemory),
        Invariant($"{row.Threads}"), Invariant($"{row.Disturbed} of {row.LocalLlm.Samples.Count + row.Peer.Samples.Count}"), row.Commit, Invariant($"{row.Date:yyyy-MM-dd}"),
    ];

    private static string Figure(double value) => value.ToString(value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => Invariant($"{bytes / 1e6:0}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
