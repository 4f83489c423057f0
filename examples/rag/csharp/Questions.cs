using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Rag;

/// <summary>What the program does: brings an index up to date, and answers from it.</summary>
internal static class Questions
{
    /// <summary>Indexes the .md and .txt files of a folder: only what changed is embedded again, and what is gone is forgotten.</summary>
    public static async Task IndexAsync(LocalServer server, PassageIndex index, string folder, string model)
    {
        using Microsoft.Data.Sqlite.SqliteTransaction all = index.Begin();
        index.Model = model;
        Dictionary<string, string> known = index.Hashes;
        int documents = 0, changed = 0;
        foreach (string path in Documents(folder))
        {
            documents++;
            string text = await File.ReadAllTextAsync(Path.Combine(folder, path));
            string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            if (known.Remove(path, out string? old) && old == hash)
            {
                continue;
            }
            changed++;
            Passage[] passages = [.. Passage.Of(text)];
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
    public static async Task AskAsync(LocalServer server, PassageIndex index, string question, string chat, int top)
    {
        string model = index.Model ?? throw new RagException("there is no index: make one with 'index FOLDER'");
        float[] vector = (await server.EmbedAsync(model, [question]))[0];
        IReadOnlyList<(double Score, string Path, Passage Passage)> nearest = index.Nearest(vector, top);
        string numbered = string.Join("\n\n", nearest.Select((found, i) => $"[{i + 1}] {found.Passage.Text}"));
        string prompt =
            "Answer the question in one or two sentences, from these passages alone. Name the passage that you took it from, such as [1]. "
            + $"If they do not say it, say so.\n\n{numbered}\n\nQuestion: {question}";
        await foreach (string piece in server.AskAsync(chat, prompt))
        {
            Console.Write(piece);
        }
        Console.WriteLine("\n\nSources:");
        for (int i = 0; i < nearest.Count; i++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{i + 1}] {nearest[i].Path}:{nearest[i].Passage.Line} ({nearest[i].Score:F3})"));
        }
    }

    private static IEnumerable<string> Documents(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(path => path.EndsWith(".md", StringComparison.Ordinal) || path.EndsWith(".txt", StringComparison.Ordinal))
        .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))
        .Order(StringComparer.Ordinal);
}
