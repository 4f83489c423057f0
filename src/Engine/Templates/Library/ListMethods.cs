using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>The methods of lists, and those that tuples and ranges share.</summary>
internal static class ListMethods
{
    /// <summary><c>append</c></summary>
    public static object? Append(Rendering rendering, object? self, BoundArguments arguments)
    {
        rendering.AllocateElements(1);
        Items(self).Add(arguments[0]);
        return null;
    }

    /// <summary><c>clear</c></summary>
    public static object? Clear(Rendering rendering, object? self, BoundArguments arguments)
    {
        Items(self).Clear();
        return null;
    }

    /// <summary><c>copy</c></summary>
    public static object? Copy(Rendering rendering, object? self, BoundArguments arguments) => new JinjaList(Iteration.ToList(rendering, self));

    /// <summary><c>count</c></summary>
    public static object? Count(Rendering rendering, object? self, BoundArguments arguments)
    {
        object? value = arguments[0];
        return Iteration.Over(rendering, self).LongCount(item => ReferenceEquals(item, value) || Equality.AreEqual(rendering, item, value));
    }

    /// <summary><c>extend</c></summary>
    public static object? Extend(Rendering rendering, object? self, BoundArguments arguments)
    {
        Undefined.Refuse(arguments[0]);
        Items(self).AddRange(Iteration.ToList(rendering, arguments[0]));
        return null;
    }

    /// <summary><c>index</c></summary>
    public static object? Index(Rendering rendering, object? self, BoundArguments arguments)
    {
        JinjaSequence sequence = (JinjaSequence)self!;
        int start = Slicing.Clamp(arguments.Get(1, null), sequence.Count, 0);
        int stop = Slicing.Clamp(arguments.Get(2, null), sequence.Count, sequence.Count);
        for (int i = start; i < Math.Min(stop, sequence.Count); i++)
        {
            if (Equality.AreEqual(rendering, sequence[i], arguments[0]))
            {
                return (long)i;
            }
        }
        throw new TemplateError("the value to find is not in the list");
    }

    /// <summary><c>insert</c></summary>
    public static object? Insert(Rendering rendering, object? self, BoundArguments arguments)
    {
        List<object?> items = Items(self);
        rendering.AllocateElements(1);
        rendering.Charge(items.Count / 8);
        items.Insert(Slicing.Clamp((long)arguments.Integer(0), items.Count, 0), arguments[1]);
        return null;
    }

    /// <summary><c>pop</c></summary>
    public static object? Pop(Rendering rendering, object? self, BoundArguments arguments)
    {
        List<object?> items = Items(self);
        rendering.Charge(items.Count / 8);
        if (!Slicing.TryIndex(arguments.Get(0, -1L), items.Count, out int index))
        {
            throw new TemplateError("the list has no such element to pop");
        }
        object? item = items[index];
        items.RemoveAt(index);
        return item;
    }

    /// <summary><c>remove</c></summary>
    public static object? Remove(Rendering rendering, object? self, BoundArguments arguments)
    {
        List<object?> items = Items(self);
        rendering.Charge(items.Count / 8);
        int index = items.FindIndex(item => Equality.AreEqual(rendering, item, arguments[0]));
        if (index < 0)
        {
            throw new TemplateError("the value to remove is not in the list");
        }
        items.RemoveAt(index);
        return null;
    }

    /// <summary><c>reverse</c></summary>
    public static object? Reverse(Rendering rendering, object? self, BoundArguments arguments)
    {
        rendering.Charge(Items(self).Count / 8);
        Items(self).Reverse();
        return null;
    }

    private static List<object?> Items(object? self) => ((JinjaList)self!).Items;
}
