using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Cli.Vectors;

namespace LocalLlm.Server.Cli;

/// <summary><c>similar</c>: the lines of a text that are nearest to a query in meaning, by the cosine of their vectors. Lines without a word are passed over.</summary>
internal static class SimilarCommand
{
    private const int DefaultTop = 5;

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        EmbeddingFlags flags = new(host, "similar");
        Argument<string> query = new("QUERY") { Description = "What is looked for" };
        Option<int?> top = Flags.Int32("--top", $"How many lines to show; {DefaultTop} by default", 1);
        Option<bool> json = new("--json") { Description = "Print the lines as JSON: number, score, text" };
        Command command = new("similar", "Find the lines that are nearest to a query in meaning.") { flags.Model, query, top, json };
        flags.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            if (string.IsNullOrWhiteSpace(result.GetRequiredValue(query)))
            {
                throw new CommandLineException("The query is empty: say what is looked for.");
            }
            IEnumerable<string> lines = flags.Texts(result, []);
            List<FoundLine> found = [];
            await flags.UseAsync(
                result,
                async embed => found = await FindAsync(result.GetRequiredValue(query), lines, result.GetValue(top) ?? DefaultTop, embed),
                cancellationToken);
            if (result.GetValue(json))
            {
                JsonOutput.Write(host.Out, JsonSerializer.SerializeToElement(found, JsonSerializerOptions.Web));
            }
            else
            {
                WriteTable(host.Out, found);
            }
            return 0;
        });
        return command;
    }

    private static async Task<List<FoundLine>> FindAsync(string query, IEnumerable<string> lines, int top, Func<IReadOnlyList<string>, Task<IReadOnlyList<float[]>>> embed)
    {
        NearestVectors nearest = new((await embed([query]))[0], top);
        Dictionary<long, string> texts = [];
        IEnumerable<(int Number, string Text)> said = lines.Select((text, index) => (Number: index + 1, Text: text)).Where(line => !string.IsNullOrWhiteSpace(line.Text));
        foreach (IReadOnlyList<(int Number, string Text)> batch in TextLines.Batches(said, line => line.Text))
        {
            IReadOnlyList<float[]> vectors = await embed([.. batch.Select(line => line.Text)]);
            for (int i = 0; i < batch.Count; i++)
            {
                if (nearest.Add(batch[i].Number, vectors[i]))
                {
                    texts[batch[i].Number] = batch[i].Text;
                }
            }
            // Only those that are still among the nearest are remembered.
            HashSet<long> kept = [.. nearest.Best.Select(line => line.Index)];
            foreach (long gone in texts.Keys.Where(number => !kept.Contains(number)).ToArray())
            {
                texts.Remove(gone);
            }
        }
        return texts.Count > 0
            ? [.. nearest.Best.Select(line => new FoundLine(line.Index, line.Cosine, texts[line.Index]))]
            : throw new CommandLineException("There is no line to compare with the query: the text is empty.");
    }

    private static void WriteTable(TextWriter output, List<FoundLine> found)
    {
        TextTable table = new("SCORE", "LINE", "TEXT");
        foreach (FoundLine line in found)
        {
            table.Add(line.Score.ToString("F4", CultureInfo.InvariantCulture), line.Line.ToString(CultureInfo.InvariantCulture), line.Text);
        }
        table.Write(output);
    }

    /// <summary>A line that was found.</summary>
    /// <param name="Line">Its number, from 1.</param>
    /// <param name="Score">Cosine between it and the query.</param>
    /// <param name="Text">The line itself.</param>
    private sealed record FoundLine(long Line, float Score, string Text);
}
