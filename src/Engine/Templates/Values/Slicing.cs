using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's slices, <c>x[start:stop:step]</c>, and indices that count from the end.</summary>
internal static class Slicing
{
    /// <summary>A part of text, a list, a tuple or a range; bounds beyond the ends are cut, None leaves a bound out.</summary>
    public static object? Slice(Rendering rendering, object? value, object? start, object? stop, object? step)
    {
        switch (value)
        {
            case string text:
                rendering.ChargeScan(text.Length);
                return SliceText(rendering, text, Indices(CodePoints.Count(text), start, stop, step));
            case JinjaRange range:
                return SliceRange(range, Indices(range.Count, start, stop, step));
            case JinjaSequence sequence:
                (int first, int stride, int count) = Indices(sequence.Count, start, stop, step);
                rendering.AllocateElements(count);
                IEnumerable<object?> items = Enumerable.Range(0, count).Select(i => sequence[first + (i * stride)]);
                return sequence is JinjaTuple ? new JinjaTuple([.. items]) : new JinjaList([.. items]);
            default:
                Undefined.Refuse(value);
                throw new TemplateError($"a value of type '{TypeNames.Of(value)}' has no slices");
        }
    }

    /// <summary>The index from 0 that an index counted from either end means; false if it is out of bounds.</summary>
    public static bool TryIndex(object? index, int count, out int result)
    {
        result = 0;
        if (!Numbers.IsInteger(index))
        {
            return false;
        }
        BigInteger position = Numbers.Big(index!);
        position = position.Sign < 0 ? position + count : position;
        if (position.Sign < 0 || position >= count)
        {
            return false;
        }
        result = (int)position;
        return true;
    }

    /// <summary>A bound cut to 0..count, counted from the end if negative; <paramref name="fallback"/> for None.</summary>
    public static int Clamp(object? bound, int count, int fallback, int least = 0)
    {
        if (bound is null)
        {
            return fallback;
        }
        if (!Numbers.IsInteger(bound))
        {
            Undefined.Refuse(bound);
            throw new TemplateError($"a slice's bounds are integers or none, not of type '{TypeNames.Of(bound)}'");
        }
        BigInteger position = Numbers.Big(bound);
        position = position.Sign < 0 ? position + count : position;
        return (int)BigInteger.Max(least, BigInteger.Min(position, count + least));
    }

    /// <summary>The first index, the distance to the next, and how many there are.</summary>
    private static (int First, int Stride, int Count) Indices(int length, object? start, object? stop, object? step)
    {
        int stride = Stride(length, step);
        if (stride > 0)
        {
            int first = Clamp(start, length, 0);
            int end = Clamp(stop, length, length);
            return (first, stride, end <= first ? 0 : ((end - first - 1) / stride) + 1);
        }

        // Downwards the bounds go from length - 1 to -1, the place before the first element.
        int top = Clamp(start, length, length - 1, -1);
        int bottom = Clamp(stop, length, -1, -1);
        return (top, stride, top <= bottom ? 0 : ((top - bottom - 1) / -stride) + 1);
    }

    private static int Stride(int length, object? step)
    {
        if (step is null)
        {
            return 1;
        }
        if (!Numbers.IsInteger(step) || Numbers.Big(step).IsZero)
        {
            Undefined.Refuse(step);
            throw new TemplateError("a slice's step is an integer other than 0");
        }

        // A longer step than this takes the same single element.
        return (int)BigInteger.Clamp(Numbers.Big(step), -length - 1, length + 1);
    }

    private static string SliceText(Rendering rendering, string text, (int First, int Stride, int Count) indices)
    {
        (int first, int stride, int count) = indices;
        if (count == 0)
        {
            return "";
        }
        if (stride == 1)
        {
            int begin = CodePoints.Offset(text, first);
            int end = CodePoints.Offset(text, first + count);
            rendering.AllocateText(end - begin);
            return text[begin..end];
        }
        string[] characters = CodePoints.Split(rendering, text);
        rendering.AllocateText(text.Length);
        return string.Concat(Enumerable.Range(0, count).Select(i => characters[first + (i * stride)]));
    }

    private static JinjaRange SliceRange(JinjaRange range, (int First, int Stride, int Count) indices)
    {
        (int first, int stride, int count) = indices;
        long start = range.Start + (first * range.Step);
        long step = stride * range.Step;
        return new JinjaRange(start, start + (count * step), step, count);
    }
}
