using System.Text;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Python's <c>'{} and {name:&gt;8}'.format(...)</c>: fields by order, number or name, with attributes, <c>!r</c> and layouts.</summary>
internal sealed class BraceFormat
{
    private readonly Rendering _rendering;
    private readonly TextBuilder _builder;
    private readonly Arguments _arguments;
    private int _next;

    private BraceFormat(Rendering rendering, Arguments arguments)
    {
        _rendering = rendering;
        _builder = new TextBuilder(rendering);
        _arguments = arguments;
    }

    /// <summary>Puts the arguments into a format.</summary>
    public static string Apply(Rendering rendering, string format, Arguments arguments)
    {
        BraceFormat formatter = new(rendering, arguments);
        formatter.Run(format);
        return formatter._builder.ToString();
    }

    private void Run(string format)
    {
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                _builder.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int end = format.IndexOf('}', i);
                if (end < 0)
                {
                    throw new TemplateError("a field of the format has no closing brace");
                }
                WriteField(format[(i + 1)..end]);
                i = end;
            }
            else
            {
                _builder.Append(c != '}' ? c : throw new TemplateError("a closing brace of the format belongs to no field"));
            }
        }
    }

    private void WriteField(string field)
    {
        _rendering.Charge(1);
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        string spec = colon < 0 ? "" : field[(colon + 1)..];
        string name = colon < 0 ? field : field[..colon];
        int mark = name.IndexOf('!', StringComparison.Ordinal);
        object? value = Resolve(mark < 0 ? name : name[..mark]);
        if (mark >= 0)
        {
            value = name[(mark + 1)..] switch
            {
                "s" => Reprs.Str(_rendering, value),
                "r" or "a" => Reprs.Repr(_rendering, value),
                _ => throw new TemplateError("a field of the format is converted with !s, !r or !a"),
            };
        }
        _builder.Append(Layout(value, spec.Contains('{') ? throw new TemplateError("a layout of the format can't hold fields itself") : spec));
    }

    /// <summary>The value of <c>name</c>, <c>name.attribute</c> or <c>name[key]</c>.</summary>
    private object? Resolve(string path)
    {
        int end = path.AsSpan().IndexOfAny('.', '[');
        end = end < 0 ? path.Length : end;
        object? value = Argument(path[..end]);
        while (end < path.Length)
        {
            bool isItem = path[end] == '[';
            int next = isItem ? path.IndexOf(']', end) : path.AsSpan(end + 1).IndexOfAny('.', '[') + end + 1;
            next = next > end ? next : isItem ? throw new TemplateError("a key of the format has no closing bracket") : path.Length;
            string name = path[(end + 1)..next];
            value = isItem
                ? Subscripts.Item(_rendering, value, IsNumber(name) ? (long)FormatSpec.ParseNumber(name) : name)
                : Subscripts.Attribute(_rendering, value, name);
            end = isItem ? next + 1 : next;
        }
        return value;
    }

    private object? Argument(string name)
    {
        if (name.Length > 0 && !IsNumber(name))
        {
            _rendering.Charge(_arguments.Named.Count / 8);
            return _arguments.TryGetNamed(name, out object? value) ? value : throw new TemplateError($"the format names '{name}', which is not given");
        }
        int index = name.Length == 0 ? _next++ : FormatSpec.ParseNumber(name);
        return index < _arguments.Positional.Count ? _arguments.Positional[index] : throw new TemplateError("the format needs more values than it is given");
    }

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);

    private string Layout(object? value, string text)
    {
        if (text.Length == 0)
        {
            return Reprs.Str(_rendering, value);
        }
        FormatSpec spec = Parse(text);
        bool isFloat = value is double || (Numbers.IsNumber(value) && spec.Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%');
        return isFloat ? spec.Float(_rendering, Numbers.Float(value!))
            : Numbers.IsInteger(value) && "\0dbxXo".Contains(spec.Type) && (value is not bool || spec.Type != '\0') ? spec.Integer(_rendering, Numbers.Big(value!))
            : value is string or bool && spec.Type is '\0' or 's' ? spec.Text(_rendering, Reprs.Str(_rendering, value), '<')
            : throw new TemplateError($"a value of type '{TypeNames.Of(value)}' has no such layout");
    }

    /// <summary>Reads [[fill]align][sign][#][0][width][,][.precision][type].</summary>
    private static FormatSpec Parse(string text)
    {
        FormatSpec spec = new();
        Rune.DecodeFromUtf16(text, out _, out int first);
        int i = 0;
        if (text.Length > first && text[first] is '<' or '>' or '^' or '=')
        {
            spec = spec with { Fill = text[..first], Alignment = text[first] };
            i = first + 1;
        }
        else if (text[0] is '<' or '>' or '^' or '=')
        {
            spec = spec with { Alignment = text[0] };
            i = 1;
        }
        bool Take(char c) => i < text.Length && text[i] == c && ++i > 0;
        spec = spec with { Sign = Take('+') ? '+' : Take(' ') ? ' ' : Take('-') ? '-' : '-' };
        spec = spec with { Alternate = Take('#'), ZeroPadded = Take('0') };
        spec = spec with { Width = ReadNumber(text, ref i) ?? 0 };
        spec = spec with { Separator = Take(',') ? ',' : Take('_') ? '_' : null };
        spec = spec with { Precision = Take('.') ? ReadNumber(text, ref i) ?? throw new TemplateError("a format lacks its precision") : null };
        spec = spec with { Type = i < text.Length ? text[i++] : '\0' };
        return i == text.Length && (spec.Type == '\0' || "sdbonxXeEfFgG%".Contains(spec.Type))
            ? spec
            : throw new TemplateError($"the format has no layout '{(text.Length <= 40 ? text : text[..40])}'");
    }

    private static int? ReadNumber(string text, ref int i)
    {
        int begin = i;
        while (i < text.Length && char.IsAsciiDigit(text[i]))
        {
            i++;
        }
        return begin == i ? null : FormatSpec.ParseNumber(text.AsSpan(begin, i - begin));
    }
}
