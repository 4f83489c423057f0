using System.Text;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>The methods of text, from their arguments to what does the work.</summary>
internal static class TextMethods
{
    /// <summary>A method that maps text to text.</summary>
    public static BuiltInBody Map(Func<string, string> map) => (rendering, self, _) =>
    {
        rendering.AllocateText(((string)self!).Length);
        return map((string)self);
    };

    /// <summary>A method that is true if there are characters and all are of a class.</summary>
    public static BuiltInBody Is(Func<Rune, bool> isMember) => (rendering, self, _) =>
    {
        string text = (string)self!;
        rendering.ChargeScan(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!isMember(rune))
            {
                return Truth.False;
            }
        }
        return Truth.Box(text.Length > 0);
    };

    /// <summary><c>isascii</c>: true for the empty text too.</summary>
    public static object? IsAscii(Rendering rendering, object? self, BoundArguments arguments)
    {
        rendering.ChargeScan(((string)self!).Length);
        return Truth.Box(Ascii.IsValid((string)self));
    }

    /// <summary>A method that pads to a width with spaces or a given character.</summary>
    public static BuiltInBody Pad(Func<Rendering, string, int, char, string> pad) => (rendering, self, arguments) =>
        arguments.Text(1, " ") is [var fill]
            ? pad(rendering, (string)self!, arguments.Integer(0), fill)
            : throw new TemplateError("the fill character must be exactly one character");

    /// <summary><c>find</c> and its like; those that <paramref name="mustExist"/> fail where the others give -1.</summary>
    public static BuiltInBody Find(bool last, bool mustExist) => (rendering, self, arguments) =>
    {
        long position = TextSearch.Find(rendering, (string)self!, arguments.Text(0), arguments.Get(1, null), arguments.Get(2, null), last);
        return mustExist && position < 0 ? throw new TemplateError("the text to find is not there") : position;
    };

    /// <summary><c>split</c> or <c>rsplit</c>.</summary>
    public static BuiltInBody Split(Func<Rendering, string, string?, int, List<object?>> split) => (rendering, self, arguments) =>
        new JinjaList(split(rendering, (string)self!, arguments.Text(0, null), arguments.Integer(1, -1)));

    /// <summary><c>splitlines</c></summary>
    public static object? SplitLines(Rendering rendering, object? self, BoundArguments arguments) =>
        new JinjaList(TextSplitting.Lines(rendering, (string)self!, arguments.Flag(0, false)));

    /// <summary><c>count</c></summary>
    public static object? Count(Rendering rendering, object? self, BoundArguments arguments) =>
        TextSearch.Count(rendering, (string)self!, arguments.Text(0), arguments.Get(1, null), arguments.Get(2, null));

    /// <summary><c>startswith</c></summary>
    public static object? StartsWith(Rendering rendering, object? self, BoundArguments arguments) =>
        Truth.Box(TextSearch.Touches(rendering, (string)self!, arguments[0], arguments.Get(1, null), arguments.Get(2, null), atEnd: false));

    /// <summary><c>endswith</c></summary>
    public static object? EndsWith(Rendering rendering, object? self, BoundArguments arguments) =>
        Truth.Box(TextSearch.Touches(rendering, (string)self!, arguments[0], arguments.Get(1, null), arguments.Get(2, null), atEnd: true));

    /// <summary><c>replace</c></summary>
    public static object? Replace(Rendering rendering, object? self, BoundArguments arguments) =>
        TextSearch.Replace(rendering, (string)self!, arguments.Text(0), arguments.Text(1), arguments.Integer(2, -1));

    /// <summary><c>strip</c></summary>
    public static object? Strip(Rendering rendering, object? self, BoundArguments arguments) =>
        TextTrimming.Apply(rendering, (string)self!, arguments.Text(0, null), TextTrimming.Strip);

    /// <summary><c>lstrip</c></summary>
    public static object? StripStart(Rendering rendering, object? self, BoundArguments arguments) =>
        TextTrimming.Apply(rendering, (string)self!, arguments.Text(0, null), TextTrimming.StripStart);

    /// <summary><c>rstrip</c></summary>
    public static object? StripEnd(Rendering rendering, object? self, BoundArguments arguments) =>
        TextTrimming.Apply(rendering, (string)self!, arguments.Text(0, null), TextTrimming.StripEnd);

    /// <summary><c>removeprefix</c></summary>
    public static object? RemovePrefix(Rendering rendering, object? self, BoundArguments arguments)
    {
        (string text, string prefix) = ((string)self!, arguments.Text(0));
        return text.StartsWith(prefix, StringComparison.Ordinal) ? Copy(rendering, text.AsSpan(prefix.Length)) : text;
    }

    /// <summary><c>removesuffix</c></summary>
    public static object? RemoveSuffix(Rendering rendering, object? self, BoundArguments arguments)
    {
        (string text, string suffix) = ((string)self!, arguments.Text(0));
        return text.EndsWith(suffix, StringComparison.Ordinal) ? Copy(rendering, text.AsSpan(0, text.Length - suffix.Length)) : text;
    }

    /// <summary><c>join</c>: of text only, unlike the filter.</summary>
    public static object? Join(Rendering rendering, object? self, BoundArguments arguments)
    {
        TextBuilder builder = new(rendering);
        string separator = "";
        foreach (object? item in Iteration.Over(rendering, arguments[0]))
        {
            Undefined.Refuse(item);
            builder.Append(separator);
            builder.Append(item as string ?? throw new TemplateError($"'join' takes text, not a value of type '{TypeNames.Of(item)}'"));
            separator = (string)self!;
        }
        return builder.ToString();
    }

    /// <summary><c>format</c></summary>
    public static object? Format(Rendering rendering, object? self, BoundArguments arguments) =>
        BraceFormat.Apply(rendering, (string)self!, arguments.All);

    private static string Copy(Rendering rendering, ReadOnlySpan<char> text)
    {
        rendering.AllocateText(text.Length);
        return text.ToString();
    }
}
