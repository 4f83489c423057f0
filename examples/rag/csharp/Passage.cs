namespace Rag;

/// <summary>A piece of a document that is found as a whole.</summary>
/// <param name="Line">The number of its first line.</param>
/// <param name="Text">Its text.</param>
internal readonly record struct Passage(int Line, string Text)
{
    /// <summary>Unicode characters of a passage: a few paragraphs, well within what small embedding models read.</summary>
    private const int Most = 800;

    /// <summary>What a blank line may hold; named one by one, because each language has a set of its own.</summary>
    private static readonly char[] Spaces = [' ', '\t', '\n', '\v', '\f', '\u00a0'];

    /// <summary>Paragraphs of a document put together while they fit; a heading begins a new passage.</summary>
    public static IEnumerable<Passage> Of(string text)
    {
        Passage held = default;
        foreach (Passage paragraph in Paragraphs(text))
        {
            if (held.Text is not null && (paragraph.Text.StartsWith('#') || Length(held.Text) + 2 + Length(paragraph.Text) > Most))
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
        foreach (string line in text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n').Append(""))
        {
            number++;
            string trimmed = line.TrimEnd(Spaces);
            if (trimmed.Length > 0)
            {
                first = held.Count > 0 ? first : number;
                held.Add(trimmed);
                continue;
            }
            string rest = string.Join('\n', held);
            held.Clear();
            while (End(rest) is var end && end < rest.Length)
            {
                int cut = rest.LastIndexOf(' ', end - 1);
                cut = cut > 0 ? cut : end;
                yield return new Passage(first, rest[..cut]);
                rest = rest[cut..].TrimStart(Spaces);
            }
            if (rest.Length > 0)
            {
                yield return new Passage(first, rest);
            }
        }
    }
    /// <summary>How many Unicode characters a text has: a pair of surrogates is one.</summary>
    private static int Length(string text) => text.Length - text.Count(char.IsLowSurrogate);

    /// <summary>Where the first <see cref="Most"/> Unicode characters of a text end.</summary>
    private static int End(string text)
    {
        int end = 0;
        for (int i = 0; i < Most && end < text.Length; i++)
        {
            end += char.IsSurrogatePair(text, end) ? 2 : 1;
        }
        return end;
    }
}
