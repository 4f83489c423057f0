using LocalLlm.Engine.Templates.Library;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>
/// <c>value.name</c> and <c>value[key]</c>. Only data is found: the keys of dictionaries, the elements of sequences, the attributes of
/// the few values that have some, and the methods listed in <see cref="MethodTable"/>. Nothing of .NET can be reached.
/// </summary>
internal static class Subscripts
{
    /// <summary><c>value.name</c>: an attribute or a method, else a key of that name, else an undefined value.</summary>
    public static object? Attribute(Rendering rendering, object? owner, string name)
    {
        Undefined.Refuse(owner);
        if (TryAttribute(rendering, owner, name, out object? value))
        {
            return value;
        }
        return owner is JinjaDict dict && dict.TryGet(rendering, name, out value) ? value : Undefined.Attribute(owner, name);
    }

    /// <summary><c>value[key]</c>: a key or an element, else an attribute or a method of that name, else an undefined value.</summary>
    public static object? Item(Rendering rendering, object? owner, object? key)
    {
        Undefined.Refuse(owner);
        switch (owner)
        {
            case JinjaDict dict when dict.TryGet(rendering, key, out object? value):
                return value;
            case JinjaSequence sequence when Slicing.TryIndex(key, sequence.Count, out int index):
                return sequence[index];
            case string characters when Numbers.IsInteger(key):
                return Character(rendering, characters, key);
        }
        if (key is string name)
        {
            return TryAttribute(rendering, owner, name, out object? value) ? value : Undefined.Attribute(owner, name);
        }
        return Undefined.Element(owner, key);
    }

    /// <summary>Finds an attribute or a method.</summary>
    public static bool TryAttribute(Rendering rendering, object? owner, string name, out object? value)
    {
        if (owner is IHasAttributes attributes && attributes.TryGetAttribute(rendering, name, out value))
        {
            return true;
        }
        BuiltIn? method = MethodTable.Find(owner, name);
        value = method is null ? null : new BoundBuiltIn(method, owner);
        return method is not null;
    }

    /// <summary>
    /// A path as filters take it, such as <c>function.name</c> or <c>0.text</c>: each part is a key, attribute or, if all digits, an index.
    /// </summary>
    /// <param name="rendering">Charged for each part.</param>
    /// <param name="owner">Where the path begins.</param>
    /// <param name="path">Text, or a single index; null leads nowhere else.</param>
    /// <param name="fallback">What takes the place of an undefined value on the way; null for nothing.</param>
    public static object? Path(Rendering rendering, object? owner, object? path, object? fallback = null)
    {
        if (path is not string text)
        {
            owner = path is null ? owner : Item(rendering, owner, path);
            return owner is Undefined && fallback is not null ? fallback : owner;
        }
        foreach (string part in text.Split('.'))
        {
            rendering.Charge(1);
            object key = part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit) ? long.Parse(part, System.Globalization.CultureInfo.InvariantCulture) : part;
            owner = Item(rendering, owner, key);
            owner = owner is Undefined && fallback is not null ? fallback : owner;
        }
        return owner;
    }

    private static object Character(Rendering rendering, string text, object? key)
    {
        rendering.ChargeScan(text.Length);
        if (!Slicing.TryIndex(key, CodePoints.Count(text), out int index))
        {
            return Undefined.Element(text, key);
        }
        int begin = CodePoints.Offset(text, index);
        return text.Substring(begin, CodePoints.Offset(text, index + 1) - begin);
    }
}
