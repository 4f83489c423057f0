namespace LocalLlm.Server.Cli;

/// <summary>What commands that write a large file look at first, and what they say when it cannot be written.</summary>
internal static class OutputFile
{
    /// <summary>Refuses a folder, a missing one, an existing file that may not be replaced, and a disk without room.</summary>
    /// <param name="host">The world.</param>
    /// <param name="path">The file, a full path.</param>
    /// <param name="force">Whether an existing file may be replaced.</param>
    /// <param name="bytes">What it will take.</param>
    /// <exception cref="CommandLineException">It cannot be written.</exception>
    public static void Require(CliHost host, string path, bool force, long bytes)
    {
        string folder = Path.GetDirectoryName(path) ?? path;
        if (Directory.Exists(path))
        {
            throw new CommandLineException($"'{path}' is a folder: give the name of a file.");
        }
        if (!Directory.Exists(folder))
        {
            throw new CommandLineException($"There is no folder '{folder}' to write the file to: make it first.");
        }
        if (File.Exists(path) && !force)
        {
            throw new CommandLineException($"'{path}' exists already: give another name, or --force to replace it.");
        }
        long free = host.FreeBytes(folder);
        if (free < bytes)
        {
            throw new CommandLineException($"The file needs {HumanBytes.Of(bytes)}, but only {HumanBytes.Of(free)} are free in '{folder}': make room, or write elsewhere.");
        }
    }

    /// <summary>Refuses to replace a file that is read, also by another way to the same folder.</summary>
    /// <param name="path">The file to write, a full path.</param>
    /// <param name="inputs">The files that are read.</param>
    /// <exception cref="CommandLineException">It is one of them.</exception>
    public static void RequireOther(string path, IEnumerable<string> inputs)
    {
        // A link to the input is no such case: renaming replaces the link.
        string real = RealPath(path);
        if (inputs.Any(input => RealPath(Path.GetFullPath(input)) == real))
        {
            throw new CommandLineException($"'{path}' is the file to read: write to another name.");
        }
    }

    /// <summary>Writes the file, and tells what prevents it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes it, or leaves nothing behind.</param>
    /// <exception cref="CommandLineException">It cannot be written.</exception>
    public static void Write(string path, Action write)
    {
        try
        {
            write();
        }
        // A file beyond what a file system takes (4 GB on FAT) is told by FileStream as an argument out of range.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            throw new CommandLineException($"'{path}' could not be written, and nothing of it is left: {e.Message}");
        }
    }

    /// <summary>The path without links to folders.</summary>
    private static string RealPath(string path)
    {
        string? folder = Path.GetDirectoryName(path);
        if (folder is null)
        {
            return path;
        }
        string real = RealPath(folder);
        return Path.Combine(Directory.ResolveLinkTarget(real, returnFinalTarget: true)?.FullName ?? real, Path.GetFileName(path));
    }
}
