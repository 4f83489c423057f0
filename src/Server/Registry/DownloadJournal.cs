using System.Globalization;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>
/// Notes of which bytes of a partial blob are on the disk: a line for each range, <c>START END</c> in decimal, END one past the last byte. Lines are added
/// only after their bytes have reached the disk; one that a crash has torn, or that makes no sense, counts for nothing.
/// </summary>
internal sealed class DownloadJournal : IDisposable
{
    private readonly StreamWriter _writer;
    private readonly FileStream _file;

    private DownloadJournal(FileStream file)
    {
        _file = file;
        _writer = new StreamWriter(file) { NewLine = "\n" };
    }

    /// <summary>Opens the journal of a partial blob.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="there">Gets what it says is on the disk.</param>
    /// <exception cref="StoreException">It cannot be read or written.</exception>
    public static DownloadJournal Open(PartialBlob blob, ByteRanges there)
    {
        try
        {
            if (File.Exists(blob.JournalPath))
            {
                foreach (string line in File.ReadAllText(blob.JournalPath).Split('\n').SkipLast(1))
                {
                    Read(line, blob.Size, there);
                }
            }
            // Written anew: nothing follows half a line, and many small ranges have become few.
            DurableFiles.Write(blob.JournalPath, System.Text.Encoding.ASCII.GetBytes(string.Concat(there.All.Select(range => $"{Line(range)}\n"))));
            return new DownloadJournal(new FileStream(blob.JournalPath, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, blob.JournalPath);
        }
    }

    /// <summary>Adds ranges whose bytes are on the disk.</summary>
    /// <exception cref="StoreException">The disk is full or fails.</exception>
    public void Note(IEnumerable<(long Start, long End)> ranges)
    {
        try
        {
            foreach ((long, long) range in ranges)
            {
                _writer.WriteLine(Line(range));
            }
            _writer.Flush();
            _file.Flush(flushToDisk: true);
        }
        catch (IOException exception)
        {
            throw StoreException.Of(exception, _file.Name);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        try
        {
            _writer.Dispose();
        }
        catch (IOException)
        {
            // A full disk again, for lines that it has refused before: that was told, and what is not noted is fetched again.
        }
    }

    private static string Line((long Start, long End) range) => string.Create(CultureInfo.InvariantCulture, $"{range.Start} {range.End}");

    private static void Read(string line, long size, ByteRanges there)
    {
        string[] words = line.Split(' ');
        if (words.Length == 2
            && long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long start)
            && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long end)
            && start < end && end <= size)
        {
            there.Add(start, end);
        }
    }
}
