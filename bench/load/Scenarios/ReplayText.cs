using LocalLlm.Engine;

namespace LocalLlm.Load.Scenarios;

/// <summary>A text to replay.</summary>
/// <param name="Name">Of its file.</param>
/// <param name="Prompt">Tokens that come before it.</param>
/// <param name="Continuation">Tokens of it.</param>
internal sealed record ReplayText(string Name, int[] Prompt, int[] Continuation)
{
    private const string After = ".after.txt", Before = ".before.txt";

    /// <summary>Reads the texts of <c>bench/speculation</c>.</summary>
    /// <param name="words">Whose vocabulary cuts them.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    public static async Task<IReadOnlyList<ReplayText>> AllAsync(ITextEngine words, CancellationToken cancellationToken)
    {
        List<ReplayText> texts = [];
        string folder = Checkout.File("bench", "speculation");
        foreach (string path in Directory.GetFiles(Path.Combine(folder, "code"), "*" + After).Order(StringComparer.Ordinal))
        {
            string before = await File.ReadAllTextAsync(path.Replace(After, Before, StringComparison.Ordinal), cancellationToken);
            string after = await File.ReadAllTextAsync(path, cancellationToken);
            texts.Add(new ReplayText(
                $"code/{Path.GetFileName(path).Replace(After, "", StringComparison.Ordinal)}",
                await words.TokenizeAsync($"Apply the change and give me the whole file:\n\n{before}\n", false, false, cancellationToken),
                await words.TokenizeAsync(after, false, false, cancellationToken)));
        }
        foreach (string path in Directory.GetFiles(Path.Combine(folder, "prose"), "*.txt").Order(StringComparer.Ordinal))
        {
            int[] tokens = await words.TokenizeAsync(await File.ReadAllTextAsync(path, cancellationToken), false, false, cancellationToken);
            int half = tokens.Length / 2;
            texts.Add(new ReplayText($"prose/{Path.GetFileNameWithoutExtension(path)}", tokens[..half], tokens[half..]));
        }
        return texts;
    }
}
