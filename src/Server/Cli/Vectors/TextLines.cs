using System.Text;

namespace LocalLlm.Server.Cli.Vectors;

/// <summary>Lines of text, read as they are needed and handed on in batches, so that a file of any length takes little memory.</summary>
internal static class TextLines
{
    /// <summary>Most texts of a batch: enough to keep all cores at work, little enough that the first vectors come soon.</summary>
    public const int MostTexts = 256;

    /// <summary>Characters of a batch, unless one line alone has more.</summary>
    public const int MostCharacters = 1 << 18;

    /// <summary>Reads a file of UTF-8, a line at a time.</summary>
    /// <exception cref="CommandLineException">It cannot be read.</exception>
    public static IEnumerable<string> OfFile(string path)
    {
        try
        {
            return Of(new StreamReader(path, Encoding.UTF8)); // opened now, so that a wrong name is told before a model is loaded
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandLineException($"The lines of '{path}' cannot be read: {e.Message}");
        }
    }

    /// <summary>Reads a text, a line at a time, and closes the reader at the end.</summary>
    public static IEnumerable<string> Of(TextReader reader)
    {
        using (reader)
        {
            while (reader.ReadLine() is { } line)
            {
                yield return line;
            }
        }
    }

    /// <summary>Cuts a sequence of texts into batches.</summary>
    public static IEnumerable<IReadOnlyList<T>> Batches<T>(IEnumerable<T> items, Func<T, string> textOf)
    {
        List<T> batch = [];
        int characters = 0;
        foreach (T item in items)
        {
            int length = textOf(item).Length;
            if (batch.Count > 0 && (batch.Count == MostTexts || characters + length > MostCharacters))
            {
                yield return batch;
                batch = [];
                characters = 0;
            }
            batch.Add(item);
            characters += length;
        }
        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
