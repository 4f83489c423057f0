using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>The methods of dictionaries.</summary>
internal static class DictMethods
{
    /// <summary><c>clear</c></summary>
    public static object? Clear(Rendering rendering, object? self, BoundArguments arguments)
    {
        Dict(self).Clear();
        return null;
    }

    /// <summary><c>copy</c></summary>
    public static object? Copy(Rendering rendering, object? self, BoundArguments arguments)
    {
        rendering.AllocateElements(2L * Dict(self).Count);
        return new JinjaDict(Dict(self));
    }

    /// <summary><c>get</c></summary>
    public static object? Get(Rendering rendering, object? self, BoundArguments arguments) =>
        Dict(self).TryGet(rendering, arguments[0], out object? value) ? value : arguments.Get(1, null);

    /// <summary><c>pop</c></summary>
    public static object? Pop(Rendering rendering, object? self, BoundArguments arguments) =>
        Dict(self).Remove(rendering, arguments[0], out object? value) ? value
        : arguments.Has(1) ? arguments[1]
        : throw new TemplateError("the dictionary has no such key to pop");

    /// <summary><c>popitem</c></summary>
    public static object? PopItem(Rendering rendering, object? self, BoundArguments arguments)
    {
        JinjaDict dict = Dict(self);
        if (dict.Count == 0)
        {
            throw new TemplateError("the dictionary is empty");
        }
        (object? key, object? value) = dict.At(dict.Count - 1);
        dict.Remove(rendering, key, out _);
        return new JinjaTuple(key, value);
    }

    /// <summary><c>setdefault</c></summary>
    public static object? SetDefault(Rendering rendering, object? self, BoundArguments arguments)
    {
        if (!Dict(self).TryGet(rendering, arguments[0], out object? value))
        {
            value = arguments.Get(1, null);
            Dict(self).Set(rendering, arguments[0], value);
        }
        return value;
    }

    /// <summary><c>update</c></summary>
    public static object? Update(Rendering rendering, object? self, BoundArguments arguments)
    {
        foreach (object? source in arguments.All.Positional)
        {
            Update(rendering, Dict(self), source);
        }
        foreach ((string name, object? value) in arguments.All.Named)
        {
            Dict(self).Set(rendering, name, value);
        }
        return null;
    }

    /// <summary>Sets the entries of another dictionary, or pairs, in a dictionary.</summary>
    public static void Update(Rendering rendering, JinjaDict dict, object? source)
    {
        Undefined.Refuse(source);
        if (ReferenceEquals(source, dict))
        {
            return;
        }
        IEnumerable<object?> pairs = source is JinjaDict other
            ? DictView.Elements(rendering, other, DictViewKind.Items)
            : Iteration.Over(rendering, source);
        foreach (object? pair in pairs)
        {
            (object? key, object? value) = Pair(rendering, pair);
            dict.Set(rendering, key, value);
        }
    }

    /// <summary>The two elements of a value that must have as many.</summary>
    public static (object? Key, object? Value) Pair(Rendering rendering, object? pair)
    {
        List<object?> items = Iteration.ToList(rendering, pair);
        return items.Count == 2 ? (items[0], items[1]) : throw new TemplateError($"expected a pair of key and value but found {items.Count} values");
    }

    private static JinjaDict Dict(object? self) => (JinjaDict)self!;
}
