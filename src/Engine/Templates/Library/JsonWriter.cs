using System.Globalization;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>
/// The <c>tojson</c> filter as transformers defines it: Python's <c>json.dumps</c> with <c>ensure_ascii</c> off. With an indentation each
/// element gets a line, else a space follows each comma and colon.
/// </summary>
internal sealed class JsonWriter
{
    private readonly Rendering _rendering;
    private readonly TextBuilder _builder;
    private readonly bool _ensureAscii;
    private readonly bool _sortKeys;
    private readonly string? _indent;
    private readonly string _itemSeparator;
    private readonly string _keySeparator;

    private JsonWriter(Rendering rendering, bool ensureAscii, string? indent, (string Item, string Key) separators, bool sortKeys)
    {
        _rendering = rendering;
        _builder = new TextBuilder(rendering);
        _ensureAscii = ensureAscii;
        _indent = indent;
        (_itemSeparator, _keySeparator) = separators;
        _sortKeys = sortKeys;
    }

    /// <summary><c>tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)</c></summary>
    public static object? ToJson(Rendering rendering, object? value, BoundArguments arguments)
    {
        string? indent = arguments.Get(1, null) switch
        {
            null => null,
            string text => text,
            var width => (string)Operators.Multiply(rendering, " ", width)!,
        };
        (string, string) separators = (indent is null ? ", " : ",", ": ");
        if (arguments.Get(2, null) is { } given)
        {
            (object? item, object? key) = DictMethods.Pair(rendering, given);
            separators = (Reprs.Str(rendering, item), Reprs.Str(rendering, key));
        }
        JsonWriter writer = new(rendering, arguments.Flag(0, false), indent, separators, arguments.Flag(3, false));
        writer.Write(value, depth: 0);
        return writer._builder.ToString();
    }

    private void Write(object? value, int depth)
    {
        Rendering.RequireStack();
        _rendering.Charge(1);
        switch (value)
        {
            case string text:
                WriteText(text);
                break;
            case JinjaDict dict:
                WriteItems('{', Entries(dict), '}', depth, entry =>
                {
                    WriteText(KeyText(entry.Key));
                    _builder.Append(_keySeparator);
                    Write(entry.Value, depth + 1);
                });
                break;
            case JinjaList or JinjaTuple:
                WriteItems('[', Iteration.Over(_rendering, value), ']', depth, item => Write(item, depth + 1));
                break;
            default:
                _builder.Append(Scalar(value));
                break;
        }
    }

    private void WriteItems<T>(char open, IEnumerable<T> items, char close, int depth, Action<T> write)
    {
        _builder.Append(open);
        bool isEmpty = true;
        foreach (T item in items)
        {
            _builder.Append(isEmpty ? "" : _itemSeparator);
            WriteLineBreak(depth + 1);
            write(item);
            isEmpty = false;
        }
        if (!isEmpty)
        {
            WriteLineBreak(depth);
        }
        _builder.Append(close);
    }

    private void WriteLineBreak(int depth)
    {
        if (_indent is null)
        {
            return;
        }
        _builder.Append('\n');
        for (int i = 0; i < depth; i++)
        {
            _builder.Append(_indent);
        }
    }

    private IEnumerable<KeyValuePair<object?, object?>> Entries(JinjaDict dict)
    {
        if (!_sortKeys)
        {
            return dict.Entries;
        }
        _rendering.AllocateElements(2L * dict.Count);
        IEnumerable<(object?, object?)> keyed = dict.Entries.Select(entry => (entry.Key, (object?)entry));
        return Ordering.Sort(_rendering, keyed, reverse: false).Select(entry => (KeyValuePair<object?, object?>)entry!);
    }

    private string KeyText(object? key) => key as string ?? Scalar(key);

    private string Scalar(object? value)
    {
        switch (value)
        {
            case null:
                return "null";
            case bool flag:
                return flag ? "true" : "false";
            case double number:
                return double.IsFinite(number) ? FloatText.Of(number) : double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
            case long or System.Numerics.BigInteger:
                return Reprs.Str(_rendering, value);
            default:
                Undefined.Refuse(value);
                throw new TemplateError($"a value of type '{TypeNames.Of(value)}' can't be written as JSON");
        }
    }

    private void WriteText(string text)
    {
        _builder.Append('"');
        int written = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c >= ' ' && c is not ('"' or '\\') && (c <= '~' || !_ensureAscii))
            {
                continue;
            }
            _builder.Append(text.AsSpan(written, i - written)).Append(Escape(c));
            written = i + 1;
        }
        _builder.Append(text.AsSpan(written)).Append('"');
    }

    private static string Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
    };
}
