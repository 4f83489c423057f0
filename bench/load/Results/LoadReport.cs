using System.Globalization;
using System.Text;

namespace LocalLlm.Load.Results;

/// <summary>Prints outcomes and keeps them where that is asked for.</summary>
/// <param name="options">Where to, and what was measured.</param>
internal sealed class LoadReport(LoadOptions options)
{
    private const string Preface =
        "Clients, server and model share this machine; clients stream from the native API over loopback, each request on a connection of its own. Written by `bench/load/run.sh`.";

    /// <summary>Adds an outcome.</summary>
    /// <param name="title">What was done, with which model.</param>
    /// <param name="table">The table, its header first.</param>
    /// <param name="notes">What else is to say.</param>
    public void Add(string title, IReadOnlyList<string[]> table, IReadOnlyList<string> notes)
    {
        Section section = new() { Title = title, Table = table, Notes = notes, Commit = Machine.Commit(Checkout.Root), Date = DateTime.UtcNow.Date };
        Console.Out.WriteLine(Text(section));
        if (options.Output is not { } folder)
        {
            return;
        }
        ResultPair<LoadDocument> files = new(folder, "load", options.Simd);
        LoadDocument document = files.Read() ?? new LoadDocument(Machine.Processor(), Environment.ProcessorCount, options.Simd, []);
        IEnumerable<Section> sections = document.Sections.Where(other => other.Title != title).Append(section);
        document = document with { Sections = [.. sections.OrderByDescending(other => other.Title, StringComparer.Ordinal)] };
        files.Write(document, Page(document));
        Console.Error.WriteLine($"written to {files.MarkdownPath}");
    }

    private static string Page(LoadDocument document)
    {
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"# LocalLlm under load: {document.Processor}\n\n");
        page.Append(CultureInfo.InvariantCulture, $"SIMD level {document.Simd}, {document.LogicalProcessors} logical processors. {Preface}\n");
        foreach (Section section in document.Sections)
        {
            page.Append('\n').Append(Text(section));
        }
        return page.ToString();
    }

    private static string Text(Section section)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"## {section.Title}\n\n").Append(MarkdownTable.Write(section.Table)).Append('\n');
        foreach (string note in section.Notes)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {note}\n");
        }
        return text.Append(CultureInfo.InvariantCulture, $"- Commit {section.Commit}, {section.Date:yyyy-MM-dd}.\n").ToString();
    }
}
