using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's order: numbers by value, text by code points, lists and tuples by their first difference. Nothing else has one.</summary>
internal static class Ordering
{
    /// <summary>The order of two values: negative, 0 or positive; null if a number is NaN, which is neither less nor more.</summary>
    /// <exception cref="TemplateError">The values have no order.</exception>
    public static int? Compare(Rendering rendering, object? a, object? b)
    {
        rendering.Charge(1);
        switch (a, b)
        {
            case (string x, string y):
                rendering.ChargeScan(Math.Min(x.Length, y.Length));
                return CodePoints.Compare(x, y);
            case (JinjaList x, JinjaList y):
                return CompareElements(rendering, x, y);
            case (JinjaTuple x, JinjaTuple y):
                return CompareElements(rendering, x, y);
            default:
                if (Numbers.IsNumber(a) && Numbers.IsNumber(b))
                {
                    return Numbers.Compare(a!, b!);
                }
                Undefined.Refuse(a);
                Undefined.Refuse(b);
                throw new TemplateError($"values of the types '{TypeNames.Of(a)}' and '{TypeNames.Of(b)}' have no order");
        }
    }

    /// <summary>Sorts by keys; equal ones keep their order, or with <paramref name="reverse"/> too.</summary>
    /// <param name="rendering">Charged for every comparison.</param>
    /// <param name="items">Keys with their values.</param>
    /// <param name="reverse">Largest first.</param>
    public static List<object?> Sort(Rendering rendering, IEnumerable<(object? Key, object? Value)> items, bool reverse)
    {
        // LINQ's sort is stable and stays within n log n comparisons whatever the comparer answers.
        Comparer<object?> comparer = Comparer<object?>.Create((a, b) => Compare(rendering, a, b) ?? 0);
        var sorted = reverse ? items.OrderByDescending(item => item.Key, comparer) : items.OrderBy(item => item.Key, comparer);
        try
        {
            return [.. sorted.Select(item => item.Value)];
        }
        catch (InvalidOperationException exception) when (exception.InnerException is TemplateError error)
        {
            throw error;
        }
    }

    private static int? CompareElements(Rendering rendering, JinjaSequence a, JinjaSequence b)
    {
        Rendering.RequireStack();
        for (int i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!Equality.AreEqual(rendering, a[i], b[i]))
            {
                return Compare(rendering, a[i], b[i]);
            }
        }
        return a.Count.CompareTo(b.Count);
    }
}
