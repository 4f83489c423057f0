namespace LocalLlm.Peers.Embeddings.Results;

/// <summary>The lines of one machine and SIMD level: a JSON file and the same as Markdown, both written after every row.</summary>
internal sealed class EmbedResultFile
{
    private readonly ResultPair<EmbedDocument> _files;

    /// <summary>Opens the file of this machine.</summary>
    /// <param name="folder">Where such files lie.</param>
    /// <param name="simd">SIMD level of our engine.</param>
    public EmbedResultFile(string folder, string simd)
    {
        _files = new ResultPair<EmbedDocument>(folder, "embeddings", simd);
        Content = _files.Read() ?? new EmbedDocument(Machine.Processor(), Environment.ProcessorCount, simd, []);
    }

    /// <summary>What stands in it.</summary>
    public EmbedDocument Content { get; private set; }

    /// <summary>The Markdown file.</summary>
    public string MarkdownPath => _files.MarkdownPath;

    /// <summary>Puts the lines of a row in the place of its older ones, and writes the files.</summary>
    public void Add(IReadOnlyList<EmbedResult> lines)
    {
        string[] order = [.. EmbedRow.All.Select(row => row.Name)];
        IEnumerable<EmbedResult> all = Content.Lines.Where(other => other.Row != lines[0].Row && order.Contains(other.Row)).Concat(lines);
        Content = Content with { Lines = [.. all.OrderBy(line => Array.IndexOf(order, line.Row))] };
        _files.Write(Content, EmbedMarkdown.Write(Content));
    }
}

/// <summary>Content of a result file.</summary>
/// <param name="Processor">Name, family and model.</param>
/// <param name="LogicalProcessors">How many.</param>
/// <param name="Simd">SIMD level of our engine; the peer picks its own.</param>
/// <param name="Lines">The lines.</param>
internal sealed record EmbedDocument(string Processor, int LogicalProcessors, string Simd, IReadOnlyList<EmbedResult> Lines);
