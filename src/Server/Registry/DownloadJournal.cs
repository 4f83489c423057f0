using System.Globalization;
using System.Text;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>
/// Notes of which bytes of a partial blob are on the disk: a line for each range, <c>START END</c> in decimal, END one past the last byte. Lines are added
/// only after their bytes have reached the disk; one that a crash has torn, or that makes no sense, counts for nothing.
/// </summary>
internal sealed class DownloadJournal : IDisposable
{
    private readonly FileStream _file;

    private DownloadJournal(FileStream file) => _file = file;

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
            DurableFiles.Write(blob.JournalPath, Lines(there.All));
            // Without a buffer: what a full disk did not take must not be tried again when the file is closed.
            return new DownloadJournal(new FileStream(blob.JournalPath, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0));
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
            // If an earlier attempt left half a line, it takes this one's start with it: three words are none, and two make the range smaller.
            _file.Write(Lines(ranges));
            _file.Flush(flushToDisk: true);
        }
        catch (IOException exception)
        {
            throw StoreException.Of(exception, _file.Name);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static byte[] Lines(IEnumerable<(long Start, long End)> ranges) =>
        Encoding.ASCII.GetBytes(string.Concat(ranges.Select(range => string.Create(CultureInfo.InvariantCulture, $"{range.Start} {range.End}\n"))));

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
