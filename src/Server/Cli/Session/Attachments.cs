using System.Text.RegularExpressions;

namespace LocalLlm.Server.Cli.Session;

/// <summary>Pictures that a message names by their path: they are read and sent beside the text, if the model can see.</summary>
/// <param name="host">Told what was found.</param>
internal sealed partial class Attachments(CliHost host)
{
    private const long LargestFile = 100 << 20;

    /// <summary>Takes the pictures out of a message. Paths without a file behind them stay text.</summary>
    /// <returns>The message; null if it cannot be sent, which the user was told.</returns>
    public SessionMessage? Read(string text, IChatBackend backend)
    {
        List<byte[]> images = [];
        string rest = text;
        foreach (Match match in ImagePath.Matches(text))
        {
            string path = match.Value.Trim('\'', '"').Replace("\\ ", " ", StringComparison.Ordinal);
            FileInfo file = new(path);
            if (!file.Exists)
            {
                continue;
            }
            if (!backend.Can("vision"))
            {
                host.Error.WriteLine($"Error: the model '{backend.Model}' does not support images, and the message names the file '{path}': ask a model that sees, or leave the path out");
                return null;
            }
            if (file.Length > LargestFile)
            {
                host.Error.WriteLine($"Error: the file '{path}' has {HumanBytes.Of(file.Length)}, more than the {HumanBytes.Of(LargestFile)} that a picture may have");
                return null;
            }
            images.Add(File.ReadAllBytes(path));
            rest = rest.Replace(match.Value, "", StringComparison.Ordinal);
            host.Error.WriteLine($"Added image '{path}'");
        }
        return new SessionMessage("user", images.Count > 0 ? rest.Trim() : text) { Images = images };
    }

    /// <summary>A path that begins where a word does, with a folder or a drive, spaces after a backslash or the whole in quotes.</summary>
    [GeneratedRegex(@"(?<![^\s'""])(?:'(?:[A-Za-z]:)?(?:\.{0,2}[/\\])[^']+?\.(?:jpe?g|png|webp)'|""(?:[A-Za-z]:)?(?:\.{0,2}[/\\])[^""]+?\.(?:jpe?g|png|webp)""|(?:[A-Za-z]:)?(?:\.{0,2}[/\\])(?:\\ |\S)+?\.(?:jpe?g|png|webp)(?![\w.]))", RegexOptions.IgnoreCase)]
    private static partial Regex ImagePath { get; }
}
