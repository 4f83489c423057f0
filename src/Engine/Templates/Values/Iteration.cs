using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Going through the elements of a value.</summary>
internal static class Iteration
{
    /// <summary>Whether a value has elements to go through.</summary>
    public static bool IsIterable(object? value) =>
        value is string or JinjaSequence or JinjaDict or DictView or JinjaGenerator or Undefined;

    /// <summary>The elements: of text its characters, of a dictionary its keys, of an undefined value none. Each counts a step.</summary>
    public static IEnumerable<object?> Over(Rendering rendering, object? value) => value switch
    {
        JinjaSequence sequence => Elements(rendering, sequence),
        JinjaDict dict => DictView.Elements(rendering, dict, DictViewKind.Keys),
        DictView view => DictView.Elements(rendering, view.Dict, view.Kind),
        JinjaGenerator generator => Rest(rendering, generator),
        string text => CodePoints.Characters(rendering, text),
        Undefined => [],
        _ => throw new TemplateError($"a value of type '{TypeNames.Of(value)}' can't be iterated over"),
    };

    /// <summary>The elements as a new list.</summary>
    public static List<object?> ToList(Rendering rendering, object? value)
    {
        List<object?> items = [];
        foreach (object? item in Over(rendering, value))
        {
            rendering.AllocateElements(1);
            items.Add(item);
        }
        return items;
    }

    /// <summary>How many elements a value has.</summary>
    /// <exception cref="TemplateError">It has no length, as a generator or a number.</exception>
    public static int Length(Rendering rendering, object? value)
    {
        switch (value)
        {
            case string text:
                rendering.ChargeScan(text.Length);
                return CodePoints.Count(text);
            case JinjaSequence sequence:
                return sequence.Count;
            case JinjaDict dict:
                return dict.Count;
            case DictView view:
                return view.Dict.Count;
            case Undefined:
                return 0;
            default:
                throw new TemplateError($"a value of type '{TypeNames.Of(value)}' has no length");
        }
    }

    private static IEnumerable<object?> Elements(Rendering rendering, JinjaSequence sequence)
    {
        // By index, because Python lets a list grow while it is gone through.
        for (int i = 0; i < sequence.Count; i++)
        {
            rendering.Charge(1);
            yield return sequence[i];
        }
    }

    private static IEnumerable<object?> Rest(Rendering rendering, JinjaGenerator generator)
    {
        // Generators over generators call each other once for each level.
        Rendering.RequireStack();
        while (generator.Items.MoveNext())
        {
            rendering.Charge(1);
            yield return generator.Items.Current;
        }
    }
}
