using System.Globalization;
using System.Text;

namespace LocalLlm.Peers.Embeddings.Results;

/// <summary>The table for people.</summary>
internal static class EmbedMarkdown
{
    private const string Preface = """
        all-MiniLM-L6-v2: llama.cpp through its C API with the F16 file; ours with that file and with the bundled Q8_0. Medians of one alternating run, each
        engine in a process of its own. Ours starts from texts, in the process or as `POST /api/embed` over the loopback interface until the last byte of the
        answer; llama.cpp starts from tokens and ends with pooled vectors that are not yet scaled to length 1. It gets as many sequences a call, and the
        attention, with which it was fastest on the same texts in trials just before; where texts come one after the other, one, and from clients at most as
        many as there are clients. Before a row is measured all must give the same vectors (cosine above 0.999) from as many tokens. Disturbed are samples
        while other processes used more than a twentieth of the machine, even after retakes. Written by `bench/peers/run.sh embeddings`.
        """;

    /// <summary>A whole page.</summary>
    public static string Write(EmbedDocument document)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"# Embeddings, LocalLlm and llama.cpp: {document.Processor}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"SIMD level {document.Simd}, {document.LogicalProcessors} logical processors.\n\n{Preface}\n\n");
        text.Append(Table(document.Lines)).Append('\n');
        foreach (string ours in document.Lines.Select(line => $"localllm {line.Way}: {line.LocalLlm.Description}").Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"- {ours}\n");
        }
        foreach (IGrouping<string, EmbedResult> peer in document.Lines.GroupBy(line => line.Peer.Description))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {peer.Key}: {string.Join("; ", peer.Select(line => line.Row).Distinct())}\n");
        }
        return text.ToString();
    }

    /// <summary>The lines.</summary>
    public static string Table(IReadOnlyList<EmbedResult> lines)
    {
        string[][] cells =
        [
            ["work", "ours", "weights", "texts/s", "tokens/s", "llama.cpp texts/s", "tokens/s", "ratio", "target", "met", "threads", "disturbed", "commit", "date"],
            .. lines.Select(Cells),
        ];
        return MarkdownTable.Write(cells);
    }

    private static string[] Cells(EmbedResult line) =>
    [
        line.Row, line.Way, line.Format, Texts(line, line.LocalLlm), Figure(line.LocalLlm.Median), Texts(line, line.Peer), Figure(line.Peer.Median),
        Invariant($"{line.Ratio:0.00}"), line.Target is { } target ? Invariant($"{target:0.0}x") : "", line.Target is null ? "" : line.Ratio >= line.Target ? "yes" : "no",
        Invariant($"{line.Threads}"), Invariant($"{line.Disturbed} of {line.LocalLlm.Samples.Count + line.Peer.Samples.Count}"), line.Commit, Invariant($"{line.Date:yyyy-MM-dd}"),
    ];

    private static string Texts(EmbedResult line, EmbedSamples engine) => Figure(engine.Median * line.Texts / line.Tokens);

    private static string Figure(double value) => value.ToString(value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
