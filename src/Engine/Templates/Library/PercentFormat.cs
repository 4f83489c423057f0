using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Python's <c>format % values</c>, such as <c>'%s has %05.1f%%' % (name, share)</c>.</summary>
internal sealed class PercentFormat
{
    private readonly Rendering _rendering;
    private readonly TextBuilder _builder;
    private readonly string _format;
    private readonly object? _values;
    private int _position;
    private int _used;

    private PercentFormat(Rendering rendering, string format, object? values)
    {
        _rendering = rendering;
        _builder = new TextBuilder(rendering);
        _format = format;
        _values = values;
    }

    /// <summary>Puts values into a format: those of a tuple one after the other, those of a dictionary by name, anything else as a single one.</summary>
    public static string Apply(Rendering rendering, string format, object? values)
    {
        PercentFormat formatter = new(rendering, format, values);
        formatter.Run();
        return formatter._builder.ToString();
    }

    private void Run()
    {
        while (_position < _format.Length)
        {
            int percent = _format.IndexOf('%', _position);
            percent = percent < 0 ? _format.Length : percent;
            _builder.Append(_format.AsSpan(_position, percent - _position));
            _position = percent + 1;
            if (percent < _format.Length)
            {
                _rendering.Charge(1);
                WriteConversion();
            }
        }
        // Python doesn't miss the use of anything with subscripts, because it might be a dictionary.
        bool allUsed = _values is JinjaTuple tuple ? _used >= tuple.Count : _values is JinjaDict or JinjaSequence or Undefined || _used > 0;
        if (!allUsed)
        {
            throw new TemplateError("not all values were used by the format");
        }
    }

    private void WriteConversion()
    {
        string? key = Peek() == '(' ? ReadKey() : null;
        FormatSpec spec = new();
        for (; "-+ 0#".Contains(Peek()); _position++)
        {
            spec = Peek() switch
            {
                '-' => spec with { Alignment = '<' },
                '+' => spec with { Sign = '+' },
                ' ' => spec with { Sign = spec.Sign == '+' ? '+' : ' ' },
                '0' => spec with { ZeroPadded = true },
                _ => spec with { Alternate = true },
            };
        }
        int width = ReadNumber() ?? 0;
        spec = spec with { Width = Math.Abs(width), Alignment = width < 0 ? '<' : spec.Alignment };
        if (Peek() == '.')
        {
            _position++;
            spec = spec with { Precision = Math.Max(ReadNumber() ?? 0, 0) };
        }
        while (Peek() is 'h' or 'l' or 'L')
        {
            _position++;
        }
        char type = Peek();
        _position++;
        WriteValue(key, spec with { Type = type });
    }

    private void WriteValue(string? key, FormatSpec spec)
    {
        if (spec.Type == '%')
        {
            _builder.Append('%');
            return;
        }
        object? value = key is null ? NextValue() : ValueOf(key);
        switch (spec.Type)
        {
            case 's':
                _builder.Append(spec.Text(_rendering, Reprs.Str(_rendering, value), '>'));
                break;
            case 'r' or 'a':
                _builder.Append(spec.Text(_rendering, Reprs.Repr(_rendering, value), '>'));
                break;
            case 'c':
                string character = value as string ?? char.ConvertFromUtf32((int)BigInteger.Clamp(RequireInteger(value), 0, 0xD7FF));
                _builder.Append(spec.Text(_rendering, CodePoints.Count(character) == 1 ? character : throw new TemplateError("'%c' takes a single character"), '>'));
                break;
            case 'd' or 'i' or 'u':
                _builder.Append((spec with { Type = 'd' }).Integer(_rendering, value is double number ? Truncate(number) : RequireInteger(value)));
                break;
            case 'o' or 'x' or 'X':
                _builder.Append(spec.Integer(_rendering, RequireInteger(value)));
                break;
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                Undefined.Refuse(value);
                _builder.Append(spec.Float(_rendering, Numbers.IsNumber(value) ? Numbers.Float(value!) : throw Wrong(spec.Type, value)));
                break;
            default:
                throw new TemplateError(spec.Type == '\0' ? "the format ends within a conversion" : $"the format has no conversion '{spec.Type}'");
        }
    }

    private char Peek() => _position < _format.Length ? _format[_position] : '\0';

    private string ReadKey()
    {
        int end = _format.IndexOf(')', _position);
        if (end < 0)
        {
            throw new TemplateError("a name in the format has no closing parenthesis");
        }
        string key = _format[(_position + 1)..end];
        _position = end + 1;
        return key;
    }

    /// <summary>A number in the format, or by <c>*</c> the next value.</summary>
    private int? ReadNumber()
    {
        if (Peek() == '*')
        {
            _position++;
            return (int)BigInteger.Clamp(RequireInteger(NextValue()), int.MinValue + 1, int.MaxValue);
        }
        int begin = _position;
        while (char.IsAsciiDigit(Peek()))
        {
            _position++;
        }
        return begin == _position ? null : FormatSpec.ParseNumber(_format.AsSpan(begin, _position - begin));
    }

    private object? NextValue()
    {
        int index = _used++;
        if (_values is JinjaTuple tuple)
        {
            return index < tuple.Count ? tuple[index] : throw new TemplateError("the format needs more values than it is given");
        }
        return index == 0 ? _values : throw new TemplateError("the format needs more values than it is given");
    }

    private object? ValueOf(string key)
    {
        JinjaDict dict = _values as JinjaDict ?? throw new TemplateError("a format with names needs a dictionary");
        return dict.TryGet(_rendering, key, out object? value) ? value : throw new TemplateError($"the format names '{key}', which is not in the dictionary");
    }

    private static BigInteger Truncate(double value) => double.IsFinite(value) ? new BigInteger(value) : throw new TemplateError("infinity and NaN are no integers");

    private static BigInteger RequireInteger(object? value)
    {
        Undefined.Refuse(value);
        return Numbers.IsInteger(value) ? Numbers.Big(value!) : throw Wrong('d', value);
    }

    private static TemplateError Wrong(char type, object? value) => new($"'%{type}' takes a number, not a value of type '{TypeNames.Of(value)}'");
}
