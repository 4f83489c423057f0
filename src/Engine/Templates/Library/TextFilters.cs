using System.Text;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Filters over text; other values are printed first.</summary>
internal static class TextFilters
{
    /// <summary><c>capitalize</c></summary>
    public static object? Capitalize(Rendering rendering, object? value, BoundArguments arguments) => Map(rendering, value, TextCase.Capitalize);

    /// <summary><c>lower</c></summary>
    public static object? Lower(Rendering rendering, object? value, BoundArguments arguments) => Map(rendering, value, TextCase.Lower);

    /// <summary><c>upper</c></summary>
    public static object? Upper(Rendering rendering, object? value, BoundArguments arguments) => Map(rendering, value, TextCase.Upper);

    /// <summary><c>title</c></summary>
    public static object? Title(Rendering rendering, object? value, BoundArguments arguments) => Map(rendering, value, TextCase.TitleWords);

    /// <summary>
    /// <c>string</c> and <c>safe</c>. Prompts are no web pages, so that safe text is just text; jinja2 tells the two apart even with
    /// escaping off, and writes entities when plain text is added to safe text.
    /// </summary>
    public static object? String(Rendering rendering, object? value, BoundArguments arguments) => Reprs.Str(rendering, value);

    /// <summary><c>trim(chars)</c></summary>
    public static object? Trim(Rendering rendering, object? value, BoundArguments arguments) =>
        TextTrimming.Apply(rendering, Reprs.Str(rendering, value), arguments.Text(0, null), TextTrimming.Strip);

    /// <summary><c>center(width=80)</c></summary>
    public static object? Center(Rendering rendering, object? value, BoundArguments arguments) =>
        TextPadding.Center(rendering, Reprs.Str(rendering, value), arguments.Integer(0, 80), ' ');

    /// <summary><c>replace(old, new, count)</c></summary>
    public static object? Replace(Rendering rendering, object? value, BoundArguments arguments) =>
        TextSearch.Replace(
            rendering,
            Reprs.Str(rendering, value),
            Reprs.Str(rendering, arguments[0]),
            Reprs.Str(rendering, arguments[1]),
            arguments.Integer(2, -1));

    /// <summary><c>format(values)</c>: puts values into text as <c>%</c> does.</summary>
    public static object? Format(Rendering rendering, object? value, BoundArguments arguments)
    {
        Arguments all = arguments.All;
        if (all.Positional.Count > 0 && all.Named.Count > 0)
        {
            throw new TemplateError("'format' takes values with names or without, not both");
        }
        object values = all.Named.Count > 0 ? all.NamedAsDict(rendering) : new JinjaTuple([.. all.Positional]);
        return PercentFormat.Apply(rendering, Reprs.Str(rendering, value), values);
    }

    /// <summary><c>escape</c>: writes the characters with a meaning in HTML as entities.</summary>
    public static object? Escape(Rendering rendering, object? value, BoundArguments arguments)
    {
        TextBuilder builder = new(rendering);
        foreach (char c in Reprs.Str(rendering, value))
        {
            builder.Append(c switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => "&#34;", '\'' => "&#39;", _ => [c] });
        }
        return builder.ToString();
    }

    /// <summary><c>indent(width=4, first=false, blank=false)</c>: puts spaces (or a text) before each line but the first and empty ones.</summary>
    public static object? Indent(Rendering rendering, object? value, BoundArguments arguments)
    {
        string indentation = arguments.Get(0, 4L) as string ?? Operators.Multiply(rendering, " ", arguments.Get(0, 4L)) as string
            ?? throw new TemplateError("the width of 'indent' is a number of spaces or a text");
        bool first = arguments.Flag(1, false);
        bool blank = arguments.Flag(2, false);
        Undefined.Refuse(value);
        string text = value as string ?? throw new TemplateError($"'indent' takes text, not a value of type '{TypeNames.Of(value)}'");
        TextBuilder builder = new(rendering);
        rendering.AllocateText(text.Length);
        List<object?> lines = TextSplitting.Lines(rendering, text + "\n", keepEnds: false);
        for (int i = 0; i < lines.Count; i++)
        {
            string line = (string)lines[i]!;
            builder.Append(i > 0 ? "\n" : "");
            builder.Append((i == 0 ? first : blank || line.Length > 0) ? indentation : "").Append(line);
        }
        return builder.ToString();
    }

    /// <summary><c>truncate(length=255, killwords=false, end='...', leeway=5)</c></summary>
    public static object? Truncate(Rendering rendering, object? value, BoundArguments arguments)
    {
        int length = arguments.Integer(0, 255);
        string end = arguments.Text(2, "...") ?? "";
        int leeway = arguments.Integer(3, 5);
        int kept = length - CodePoints.Count(end);
        if (kept < 0 || leeway < 0)
        {
            throw new TemplateError("'truncate' needs a length of at least that of its end, and a leeway that isn't negative");
        }
        if (Iteration.Length(rendering, value) <= (long)length + leeway)
        {
            return value;
        }
        string text = value as string ?? throw new TemplateError($"'truncate' takes text, not a value of type '{TypeNames.Of(value)}'");
        rendering.AllocateText(text.Length);
        string start = text[..CodePoints.Offset(text, kept)];
        int space = arguments.Flag(1, false) ? -1 : start.LastIndexOf(' ');
        return (space < 0 ? start : start[..space]) + end;
    }

    /// <summary><c>wordcount</c></summary>
    public static object? WordCount(Rendering rendering, object? value, BoundArguments arguments)
    {
        long count = 0;
        bool inWord = false;
        string text = Reprs.Str(rendering, value);
        rendering.ChargeScan(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isWord = PythonCharacters.IsWord(rune);
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }
        return count;
    }

    /// <summary><c>urlencode</c>: text as part of a URL, or a dictionary or pairs as a query.</summary>
    public static object? UrlEncode(Rendering rendering, object? value, BoundArguments arguments)
    {
        if (value is string || !Iteration.IsIterable(value))
        {
            return UrlText.Quote(rendering, Reprs.Str(rendering, value), isQuery: false);
        }
        IEnumerable<object?> pairs = value is JinjaDict dict ? DictView.Elements(rendering, dict, DictViewKind.Items) : Iteration.Over(rendering, value);
        List<string> parts = [];
        foreach (object? pair in pairs)
        {
            (object? key, object? item) = DictMethods.Pair(rendering, pair);
            parts.Add($"{UrlText.Quote(rendering, Reprs.Str(rendering, key), isQuery: true)}={UrlText.Quote(rendering, Reprs.Str(rendering, item), isQuery: true)}");
        }
        return string.Join('&', parts);
    }

    private static string Map(Rendering rendering, object? value, Func<string, string> map)
    {
        string text = Reprs.Str(rendering, value);
        rendering.AllocateText(text.Length);
        return map(text);
    }
}
