using System.Numerics;
using LocalLlm.Engine.Templates.Library;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>An arithmetic operator as template code applies it to any two values.</summary>
internal delegate object? BinaryOperator(Rendering rendering, object? left, object? right);

/// <summary>Python's arithmetic operators over all types of values.</summary>
internal static class Operators
{
    /// <summary>Steps that arithmetic with integers of more than 64 bits is taken for; they have at most 4,096.</summary>
    private const int StepsOfBigInteger = 16;

    /// <summary><c>a + b</c>: adds numbers, joins text, lists and tuples.</summary>
    public static object? Add(Rendering rendering, object? a, object? b)
    {
        switch (a, b)
        {
            case (string x, string y):
                rendering.AllocateText((long)x.Length + y.Length);
                return x + y;
            case (JinjaList x, JinjaList y):
                rendering.AllocateElements((long)x.Count + y.Count);
                return new JinjaList([.. x.Items, .. y.Items]);
            case (JinjaTuple x, JinjaTuple y):
                rendering.AllocateElements((long)x.Count + y.Count);
                return new JinjaTuple([.. x.Items, .. y.Items]);
            default:
                return Calculate(rendering, "+", a, b, Numbers.Add);
        }
    }

    /// <summary><c>a - b</c></summary>
    public static object? Subtract(Rendering rendering, object? a, object? b) => Calculate(rendering, "-", a, b, Numbers.Subtract);

    /// <summary><c>a * b</c>: multiplies numbers, repeats text, lists and tuples.</summary>
    public static object? Multiply(Rendering rendering, object? a, object? b)
    {
        if (Numbers.IsInteger(a) && b is string or JinjaList or JinjaTuple)
        {
            (a, b) = (b, a);
        }
        if (!Numbers.IsInteger(b))
        {
            return Calculate(rendering, "*", a, b, Numbers.Multiply);
        }
        long times = Numbers.Normalize(Numbers.Big(b!)) is long count ? Math.Max(count, 0) : Numbers.Big(b!).Sign < 0 ? 0 : long.MaxValue;
        return a switch
        {
            string text => RepeatText(rendering, text, times),
            JinjaList list => new JinjaList(Repeat(rendering, list.Items, times)),
            JinjaTuple tuple => new JinjaTuple([.. Repeat(rendering, tuple.Items, times)]),
            _ => Calculate(rendering, "*", a, b, Numbers.Multiply),
        };
    }

    /// <summary><c>a / b</c></summary>
    public static object? Divide(Rendering rendering, object? a, object? b) => Calculate(rendering, "/", a, b, Numbers.Divide);

    /// <summary><c>a // b</c></summary>
    public static object? FloorDivide(Rendering rendering, object? a, object? b) => Calculate(rendering, "//", a, b, Numbers.FloorDivide);

    /// <summary><c>a % b</c>: the remainder, or for text on the left the formatting of values into it.</summary>
    public static object? Modulo(Rendering rendering, object? a, object? b) =>
        a is string format ? PercentFormat.Apply(rendering, format, b) : Calculate(rendering, "%", a, b, Numbers.Modulo);

    /// <summary><c>a ** b</c></summary>
    public static object? Power(Rendering rendering, object? a, object? b) => Calculate(rendering, "**", a, b, Numbers.Power);

    /// <summary><c>-a</c></summary>
    public static object? Negate(Rendering rendering, object? a) => Numbers.Negate(RequireNumber("-", a));

    /// <summary><c>+a</c></summary>
    public static object? Plus(Rendering rendering, object? a) => a is bool ? Numbers.Normalize(Numbers.Big(a)) : RequireNumber("+", a);

    private static object Calculate(Rendering rendering, string symbol, object? a, object? b, Func<object, object, object> calculate)
    {
        if (Numbers.IsNumber(a) && Numbers.IsNumber(b))
        {
            object result = calculate(a!, b!);
            rendering.Charge(result is BigInteger || a is BigInteger ? StepsOfBigInteger : 0);
            return result;
        }
        Undefined.Refuse(a);
        Undefined.Refuse(b);
        throw new TemplateError($"the operator '{symbol}' doesn't take '{TypeNames.Of(a)}' and '{TypeNames.Of(b)}'");
    }

    private static object RequireNumber(string symbol, object? a)
    {
        Undefined.Refuse(a);
        return Numbers.IsNumber(a) ? a! : throw new TemplateError($"the operator '{symbol}' doesn't take '{TypeNames.Of(a)}'");
    }

    private static string RepeatText(Rendering rendering, string text, long times)
    {
        TextBuilder builder = new(rendering);
        if (text.Length == 1)
        {
            return builder.Append(text[0], times).ToString();
        }
        if (text.Length > 0)
        {
            rendering.AllocateText(times > int.MaxValue ? long.MaxValue : times * text.Length);
            return string.Concat(Enumerable.Repeat(text, (int)times));
        }
        return "";
    }

    private static List<object?> Repeat(Rendering rendering, IReadOnlyList<object?> items, long times)
    {
        if (items.Count == 0)
        {
            return [];
        }
        rendering.AllocateElements(times > int.MaxValue ? long.MaxValue : times * items.Count);
        List<object?> result = new((int)times * items.Count);
        for (long i = 0; i < times; i++)
        {
            result.AddRange(items);
        }
        return result;
    }
}
