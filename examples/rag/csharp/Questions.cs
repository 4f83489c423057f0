using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Rag;

/// <summary>What the program does: brings an index up to date, and answers from it.</summary>
internal static class Questions
{
    /// <summary>Indexes the .md and .txt files of a folder: only what changed is embedded again, and what is gone is forgotten.</summary>
    public static async Task IndexAsync(LocalServer server, string file, string folder, string model)
    {
        if (!Directory.Exists(folder))
        {
            throw new RagException($"there is no folder '{folder}'");
        }
        using PassageIndex index = new(file);
        using Microsoft.Data.Sqlite.SqliteTransaction all = index.Begin();
        index.Model = model;
        Dictionary<string, string> known = index.Hashes;
        int documents = 0, changed = 0;
        foreach (string path in Documents(folder))
        {
            documents++;
            byte[] content = await File.ReadAllBytesAsync(Path.Combine(folder, path));
            string hash = Convert.ToHexStringLower(SHA256.HashData(content));
            if (known.Remove(path, out string? old) && old == hash)
            {
                continue;
            }
            changed++;
            Passage[] passages = [.. Passage.Of(TextOf(content))];
            index.Put(path, hash, passages, await server.EmbedAsync(model, [.. passages.Select(passage => passage.Text)]));
        }
        foreach (string gone in known.Keys)
        {
            index.Remove(gone);
        }
        await all.CommitAsync();
        Console.WriteLine($"{documents} documents, {changed} of them embedded now, {index.Count} passages");
    }

    /// <summary>Finds the passages nearest to a question, and has a chat model answer from them.</summary>
    public static async Task AskAsync(LocalServer server, string file, string question, string chat, int top)
    {
        if (top < 1)
        {
            throw new RagException($"--top is {top}: an answer needs at least 1 passage");
        }
        using PassageIndex? index = File.Exists(file) ? new(file) : null;
        string model = index?.Model ?? throw new RagException($"there is no index in '{file}': make one with 'index FOLDER'");
        float[] vector = (await server.EmbedAsync(model, [question]))[0];
        IReadOnlyList<(double Score, string Path, Passage Passage)> nearest = index!.Nearest(vector, top);
        // Small models heed most what stands last: the nearest passage, then the question. The sources are not theirs to name.
        string context = string.Join("\n\n", nearest.Reverse().Select(found => found.Passage.Text));
        await foreach (string piece in server.AskAsync(chat, $"{context}\n\nUse the text above to answer in one sentence: {question}"))
        {
            Console.Write(piece);
        }
        Console.WriteLine("\n\nSources:");
        for (int i = 0; i < nearest.Count; i++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{i + 1}] {nearest[i].Path}:{nearest[i].Passage.Line} ({nearest[i].Score:F3})"));
        }
    }

    /// <summary>A document's text: UTF-8, with a mark of it at the beginning or without.</summary>
    private static string TextOf(ReadOnlySpan<byte> content) =>
        Encoding.UTF8.GetString(content.StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content);

    private static IEnumerable<string> Documents(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(path => path.EndsWith(".md", StringComparison.Ordinal) || path.EndsWith(".txt", StringComparison.Ordinal))
        .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))
        .Order(StringComparer.Ordinal);
}
