using System.Text.Json;

namespace LocalLlm.Bench.Shared;

/// <summary>Results of one machine and SIMD level: a JSON file that later runs add to, and the same for people as Markdown beside it.</summary>
/// <typeparam name="T">What the JSON file holds.</typeparam>
internal sealed class ResultPair<T>
    where T : class
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, NewLine = "\n" };

    private readonly string _path;

    /// <summary>Names the files; nothing is written yet.</summary>
    /// <param name="folder">Where such files lie; made if it is not there.</param>
    /// <param name="kind">What was measured: the start of the names.</param>
    /// <param name="simd">SIMD level of our engine.</param>
    public ResultPair(string folder, string kind, string simd)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, $"{kind}-{Machine.ProcessorSlug()}-{simd}");
    }

    /// <summary>The Markdown file.</summary>
    public string MarkdownPath => _path + ".md";

    /// <summary>What earlier runs wrote; null if there was none.</summary>
    public T? Read() => File.Exists(_path + ".json") ? JsonSerializer.Deserialize<T>(File.ReadAllText(_path + ".json"), Json) : null;

    /// <summary>Replaces both files, each in one step.</summary>
    public void Write(T content, string markdown)
    {
        Replace(_path + ".json", JsonSerializer.Serialize(content, Json) + "\n");
        Replace(MarkdownPath, markdown);
    }

    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".partial", text);
        File.Move(path + ".partial", path, overwrite: true);
    }
}
