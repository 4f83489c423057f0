using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Filters that compare elements. Text compares without regard to case, unless <c>case_sensitive</c> is true.</summary>
internal static class OrderFilters
{
    /// <summary><c>dictsort(case_sensitive=false, by='key', reverse=false)</c>: the pairs of a dictionary in order.</summary>
    public static object? DictSort(Rendering rendering, object? value, BoundArguments arguments)
    {
        Undefined.Refuse(value);
        JinjaDict dict = value as JinjaDict ?? throw new TemplateError($"'dictsort' takes a dictionary, not a value of type '{TypeNames.Of(value)}'");
        string? by = arguments.Text(1, "key");
        if (by is not ("key" or "value"))
        {
            throw new TemplateError("'dictsort' sorts by 'key' or by 'value'");
        }
        bool caseSensitive = arguments.Flag(0, false);
        rendering.AllocateElements(3L * dict.Count);
        IEnumerable<(object?, object?)> pairs = dict.Entries.Select(entry =>
            (Key(rendering, by == "key" ? entry.Key : entry.Value, caseSensitive), (object?)new JinjaTuple(entry.Key, entry.Value)));
        return new JinjaList(Ordering.Sort(rendering, pairs, arguments.Flag(2, false)));
    }

    /// <summary><c>sort(reverse=false, case_sensitive=false, attribute=none)</c>; several attributes stand in one text with commas.</summary>
    public static object? Sort(Rendering rendering, object? value, BoundArguments arguments)
    {
        bool caseSensitive = arguments.Flag(1, false);
        object? attribute = arguments.Get(2, null);
        object?[] paths = attribute is string text ? text.Split(',') : [attribute];
        IEnumerable<(object?, object?)> items = Iteration.ToList(rendering, value).Select(item =>
            ((object?)new JinjaTuple([.. paths.Select(path => Key(rendering, Subscripts.Path(rendering, item, path), caseSensitive))]), item));
        return new JinjaList(Ordering.Sort(rendering, items, arguments.Flag(0, false)));
    }

    /// <summary><c>unique(case_sensitive=false, attribute=none)</c>: the first of those that are equal.</summary>
    public static object? Unique(Rendering rendering, object? value, BoundArguments arguments)
    {
        bool caseSensitive = arguments.Flag(0, false);
        object? attribute = arguments.Get(1, null);
        JinjaDict seen = new();
        return new JinjaGenerator(Iteration.Over(rendering, value).Where(item =>
        {
            object? key = Key(rendering, Subscripts.Path(rendering, item, attribute), caseSensitive);
            bool isNew = !seen.Contains(rendering, key);
            seen.Set(rendering, key, null);
            return isNew;
        }));
    }

    /// <summary><c>min(case_sensitive=false, attribute=none)</c></summary>
    public static object? Min(Rendering rendering, object? value, BoundArguments arguments) => Extreme(rendering, value, arguments, sign: -1);

    /// <summary><c>max(case_sensitive=false, attribute=none)</c></summary>
    public static object? Max(Rendering rendering, object? value, BoundArguments arguments) => Extreme(rendering, value, arguments, sign: 1);

    /// <summary><c>groupby(attribute, default=none, case_sensitive=false)</c>: sorted groups of those with an equal attribute.</summary>
    public static object? GroupBy(Rendering rendering, object? value, BoundArguments arguments)
    {
        object? fallback = arguments.Get(1, null);
        bool caseSensitive = arguments.Flag(2, false);
        object? Attribute(object? item) => Subscripts.Path(rendering, item, arguments[0], fallback);
        IEnumerable<(object?, object?)> keyed = Iteration.ToList(rendering, value).Select(item => (Key(rendering, Attribute(item), caseSensitive), item));
        List<object?> groups = [];
        (object? lastKey, List<object?>? members) = (null, null);
        foreach (object? item in Ordering.Sort(rendering, keyed, reverse: false))
        {
            object? key = Key(rendering, Attribute(item), caseSensitive);
            if (members is null || !Equality.AreEqual(rendering, key, lastKey))
            {
                members = [];
                groups.Add(new GroupTuple(Attribute(item), new JinjaList(members)));
            }
            rendering.AllocateElements(1);
            members.Add(item);
            lastKey = key;
        }
        return new JinjaList(groups);
    }

    private static object? Extreme(Rendering rendering, object? value, BoundArguments arguments, int sign)
    {
        bool caseSensitive = arguments.Flag(0, false);
        object? attribute = arguments.Get(1, null);
        object? best = new Undefined("there is no smallest or largest element, because there are none");
        object? bestKey = Signature.Absent;
        foreach (object? item in Iteration.Over(rendering, value))
        {
            object? key = Key(rendering, Subscripts.Path(rendering, item, attribute), caseSensitive);
            if (bestKey == Signature.Absent || Ordering.Compare(rendering, key, bestKey) * sign > 0)
            {
                (best, bestKey) = (item, key);
            }
        }
        return best;
    }

    private static object? Key(Rendering rendering, object? value, bool caseSensitive)
    {
        if (caseSensitive || value is not string text)
        {
            return value;
        }
        rendering.AllocateText(text.Length);
        return TextCase.Lower(text);
    }
}
