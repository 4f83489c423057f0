namespace LocalLlm.Server.Cli.Vectors;

/// <summary>What a name that shall be written to stands for: a regular file, which may be replaced, or a device or a pipe, which must not be.</summary>
internal static class OutputTarget
{
    /// <summary>As many as Linux follows (path_resolution(7)).</summary>
    private const int MostLinks = 40;

    /// <summary>Opens a path for writing if it is there and is no regular file (a pipe waits for its reader, as for every program).</summary>
    /// <param name="path">A full path; links to the thing count as the thing.</param>
    /// <returns>Null for a regular file and for nothing at all.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static FileStream? OpenSpecial(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            // The share that locks nothing: a lock would be on what all programs use.
            FileStream stream = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 1 << 16);
            if (!IsRegular(stream))
            {
                return stream;
            }
            stream.Dispose();
        }
        catch (FileNotFoundException)
        {
            // A link to what is not there exists for File.Exists.
        }
        return null;
    }

    /// <summary>The path that a path leads to in the end, there or not, if it is a link; else itself.</summary>
    /// <exception cref="IOException">Links lead in a circle.</exception>
    public static string Resolve(string path)
    {
        string end = path;
        // Step by step: File.ResolveLinkTarget finds no end that is not there yet.
        for (int links = 0; new FileInfo(end).LinkTarget is { } target; links++)
        {
            end = links < MostLinks ? Path.GetFullPath(target, Path.GetDirectoryName(end)!) : throw new IOException("Its links lead in a circle.");
        }
        return end;
    }

    /// <summary>.NET does not say what kind of file it has opened; pipes and terminals cannot seek, and devices that can have no length and take none.</summary>
    private static bool IsRegular(FileStream stream)
    {
        if (!stream.CanSeek || stream.Length > 0)
        {
            return stream.CanSeek;
        }
        try
        {
            stream.SetLength(0);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
