namespace LocalLlm.Peers.Results;

/// <summary>The rows of one machine and SIMD level: a JSON file and the same as Markdown, both written after every row.</summary>
internal sealed class ResultFile
{
    private readonly ResultPair<ResultDocument> _files;
    private readonly string[] _order;

    /// <summary>Opens the file of this machine.</summary>
    /// <param name="folder">Where such files lie.</param>
    /// <param name="simd">SIMD level of our engine.</param>
    /// <param name="order">Names of all rows, in the table's order.</param>
    public ResultFile(string folder, string simd, string[] order)
    {
        _files = new ResultPair<ResultDocument>(folder, "peers", simd);
        _order = order;
        Content = _files.Read() ?? new ResultDocument(Machine.Processor(), Environment.ProcessorCount, simd, []);
    }

    /// <summary>What stands in it.</summary>
    public ResultDocument Content { get; private set; }

    /// <summary>The Markdown file.</summary>
    public string MarkdownPath => _files.MarkdownPath;

    /// <summary>Whether a row was measured with this code, with at least as many samples.</summary>
    public bool Has(string name, string commit, int threads, int samples) =>
        Content.Rows.Any(row => row.Name == name && row.Commit == commit && row.Threads == threads && row.LocalLlm.Samples.Count >= samples);

    /// <summary>Puts a row in the place of an older one of its name, and writes the files.</summary>
    public void Add(RowResult row)
    {
        IEnumerable<RowResult> rows = Content.Rows.Where(other => other.Name != row.Name).Append(row);
        Content = Content with { Rows = [.. rows.OrderBy(other => Array.IndexOf(_order, other.Name))] };
        _files.Write(Content, Markdown.Write(Content));
    }
}

/// <summary>Content of a result file.</summary>
/// <param name="Processor">Name, family and model.</param>
/// <param name="LogicalProcessors">How many.</param>
/// <param name="Simd">SIMD level of our engine; the peer picks its own.</param>
/// <param name="Rows">The rows.</param>
internal sealed record ResultDocument(string Processor, int LogicalProcessors, string Simd, IReadOnlyList<RowResult> Rows);
