using System.Collections.Frozen;
using System.Globalization;
using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Library;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>The functions of Go's text/template (but <c>call</c>, since no data holds functions) and those that Ollama adds.</summary>
internal static class GoFunctions
{
    private const int Any = int.MaxValue;

    private static readonly FrozenDictionary<string, GoFunction> Table = new GoFunction[]
    {
        new("and", 1, Any, Unreachable) { StopsAt = false },
        new("or", 1, Any, Unreachable) { StopsAt = true },
        new("not", 1, 1, (_, values) => !GoTruth.Of(values[0])),
        new("eq", 2, Any, (rendering, values) => values.Skip(1).Any(other => GoComparison.AreEqual(rendering, values[0], other))),
        new("ne", 2, 2, (rendering, values) => !GoComparison.AreEqual(rendering, values[0], values[1])),
        new("lt", 2, 2, (rendering, values) => GoComparison.IsLess(rendering, values[0], values[1])),
        new("le", 2, 2, (rendering, values) => IsAtMost(rendering, values)),
        new("gt", 2, 2, (rendering, values) => !IsAtMost(rendering, values)),
        new("ge", 2, 2, (rendering, values) => !GoComparison.IsLess(rendering, values[0], values[1])),
        new("len", 1, 1, (rendering, values) => GoIndexing.Length(rendering, values[0])),
        new("index", 1, Any, GoIndexing.Index),
        new("slice", 1, 4, GoIndexing.Slice),
        new("print", 0, Any, (rendering, values) => Sprint(rendering, values)),
        new("println", 0, Any, (rendering, values) => SprintLine(rendering, values)),
        new("printf", 1, Any, (rendering, values) => GoFormat.Apply(rendering, values)),
        new("html", 0, Any, (rendering, values) => GoEscaping.Html(rendering, One(rendering, values))),
        new("js", 0, Any, (rendering, values) => GoEscaping.Js(rendering, One(rendering, values))),
        new("urlquery", 0, Any, (rendering, values) => UrlText.Quote(rendering, One(rendering, values), isQuery: true)),
        new("json", 1, 1, (rendering, values) => GoJson.Of(rendering, values[0])),
        new("currentDate", 0, Any, (rendering, _) => Date(rendering, 0)),
        new("yesterdayDate", 0, Any, (rendering, _) => Date(rendering, -1)),
        new("toTypeScriptType", 1, 1, (_, values) => TypeScript.Of(values[0])),
    }.ToFrozenDictionary(function => function.Name);

    /// <summary>A function; null if there is none of that name.</summary>
    public static GoFunction? Find(string name) => Table.GetValueOrDefault(name);

    /// <summary>Texts side by side as Go's <c>Sprint</c> puts them: with a space between two that are both no text.</summary>
    private static string Sprint(Meter meter, object?[] values)
    {
        TextBuilder builder = new(meter);
        for (int i = 0; i < values.Length; i++)
        {
            if (i > 0 && values[i] is not string && values[i - 1] is not string)
            {
                builder.Append(' ');
            }
            GoPrinter.Write(meter, builder, values[i] ?? "<nil>");
        }
        return builder.ToString();
    }

    private static string SprintLine(Meter meter, object?[] values)
    {
        TextBuilder builder = new(meter);
        for (int i = 0; i < values.Length; i++)
        {
            GoPrinter.Write(meter, i > 0 ? builder.Append(' ') : builder, values[i] ?? "<nil>");
        }
        return builder.Append('\n').ToString();
    }

    /// <summary>The arguments of an escaping function as one text.</summary>
    private static string One(Meter meter, object?[] values) =>
        values is [string text] ? text : Sprint(meter, [.. values.Select(value => value ?? GoPrinter.NoValueText)]);

    private static bool IsAtMost(Meter meter, object?[] values) =>
        GoComparison.IsLess(meter, values[0], values[1]) || GoComparison.AreEqual(meter, values[0], values[1]);

    private static string Date(GoRendering rendering, int days) =>
        rendering.Clock.GetLocalNow().AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static object? Unreachable(GoRendering rendering, object?[] values) =>
        throw new InvalidOperationException("Functions that stop early are evaluated where they are called.");
}
