using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's <c>==</c> and <c>in</c>.</summary>
internal static class Equality
{
    /// <summary>Whether two values are equal: numbers by value, containers of one type by their content.</summary>
    public static bool AreEqual(Rendering rendering, object? a, object? b)
    {
        rendering.Charge(1);
        switch (a, b)
        {
            case (string x, string y):
                rendering.ChargeScan(Math.Min(x.Length, y.Length));
                return x == y;
            case (JinjaRange x, JinjaRange y):
                return HaveEqualElements(rendering, x, y);
            case (JinjaList x, JinjaList y):
                return HaveEqualElements(rendering, x, y);
            case (JinjaTuple x, JinjaTuple y):
                return HaveEqualElements(rendering, x, y);
            case (JinjaDict x, JinjaDict y):
                return HaveEqualEntries(rendering, x, y);
            case (Undefined, Undefined):
                return true;
            default:
                return Numbers.IsNumber(a) && Numbers.IsNumber(b) ? Numbers.AreEqual(a!, b!) : ReferenceEquals(a, b);
        }
    }

    /// <summary>Whether a container holds a value: an element, a key, or for text a part.</summary>
    public static bool Contains(Rendering rendering, object? container, object? value)
    {
        switch (container)
        {
            case string text:
                if (value is not string part)
                {
                    Undefined.Refuse(value);
                    throw new TemplateError($"'in <string>' requires a string on its left, not {TypeNames.Of(value)}");
                }
                rendering.ChargeSearch(text.Length, part.Length);
                return text.Contains(part, StringComparison.Ordinal);
            case JinjaDict dict:
                return dict.Contains(rendering, value);
            case DictView { Kind: DictViewKind.Keys } view:
                return view.Dict.Contains(rendering, value);
            case Undefined:
                return false;
            default:
                if (!Iteration.IsIterable(container))
                {
                    throw new TemplateError($"a value of type '{TypeNames.Of(container)}' can't be searched with 'in'");
                }
                return Iteration.Over(rendering, container).Any(item => ReferenceEquals(item, value) || AreEqual(rendering, item, value));
        }
    }

    private static bool HaveEqualElements(Rendering rendering, JinjaSequence a, JinjaSequence b)
    {
        Rendering.RequireStack();
        if (a.Count != b.Count)
        {
            return false;
        }
        for (int i = 0; i < a.Count; i++)
        {
            if (!ReferenceEquals(a[i], b[i]) && !AreEqual(rendering, a[i], b[i]))
            {
                return false;
            }
        }
        return true;
    }

    private static bool HaveEqualEntries(Rendering rendering, JinjaDict a, JinjaDict b)
    {
        Rendering.RequireStack();
        return a.Count == b.Count && a.Entries.All(entry => b.TryGet(rendering, entry.Key, out object? other) && AreEqual(rendering, entry.Value, other));
    }
}
