namespace Rag;

/// <summary>A piece of a document that is found as a whole.</summary>
/// <param name="Line">The number of its first line.</param>
/// <param name="Text">Its text.</param>
internal readonly record struct Passage(int Line, string Text)
{
    /// <summary>Characters of a passage: a few paragraphs, well within what small embedding models read.</summary>
    private const int Most = 800;

    /// <summary>Paragraphs of a document put together while they fit; a heading begins a new passage.</summary>
    public static IEnumerable<Passage> Of(string text)
    {
        Passage held = default;
        foreach (Passage paragraph in Paragraphs(text))
        {
            if (held.Text is not null && (paragraph.Text.StartsWith('#') || held.Text.Length + 2 + paragraph.Text.Length > Most))
            {
                yield return held;
                held = default;
            }
            held = held.Text is null ? paragraph : held with { Text = $"{held.Text}\n\n{paragraph.Text}" };
        }
        if (held.Text is not null)
        {
            yield return held;
        }
    }

    /// <summary>What stands between blank lines; a paragraph that is longer than a passage is cut between words.</summary>
    private static IEnumerable<Passage> Paragraphs(string text)
    {
        List<string> held = [];
        int number = 0, first = 1;
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n').Append(""))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                first = held.Count > 0 ? first : number;
                held.Add(line.TrimEnd());
                continue;
            }
            string rest = string.Join('\n', held);
            held.Clear();
            while (rest.Length > Most)
            {
                int cut = rest.LastIndexOf(' ', Most - 1);
                cut = cut > 0 ? cut : Most;
                yield return new Passage(first, rest[..cut]);
                rest = rest[cut..].TrimStart();
            }
            if (rest.Length > 0)
            {
                yield return new Passage(first, rest);
            }
        }
    }
}
