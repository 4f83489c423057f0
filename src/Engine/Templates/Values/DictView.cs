using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Which part of a dictionary a view shows.</summary>
internal enum DictViewKind
{
    /// <summary><c>keys()</c></summary>
    Keys,

    /// <summary><c>values()</c></summary>
    Values,

    /// <summary><c>items()</c>: pairs.</summary>
    Items,
}

/// <summary>What <c>keys()</c>, <c>values()</c> and <c>items()</c> give: a look at a dictionary, which follows its changes.</summary>
internal sealed class DictView(JinjaDict dict, DictViewKind kind)
{
    /// <summary>The dictionary looked at.</summary>
    public JinjaDict Dict => dict;

    /// <summary>Which part.</summary>
    public DictViewKind Kind => kind;

    /// <summary>Python's name of the view's type.</summary>
    public string TypeName => kind switch
    {
        DictViewKind.Keys => "dict_keys",
        DictViewKind.Values => "dict_values",
        _ => "dict_items",
    };

    /// <summary>The elements in order; fails if the dictionary grows or shrinks meanwhile, as Python does.</summary>
    public static IEnumerable<object?> Elements(Rendering rendering, JinjaDict dict, DictViewKind kind)
    {
        int count = dict.Count;
        for (int i = 0; i < count; i++)
        {
            if (dict.Count != count)
            {
                throw new TemplateError("the dictionary changed its size during iteration");
            }
            KeyValuePair<object?, object?> entry = dict.At(i);
            rendering.Charge(1);
            yield return kind switch
            {
                DictViewKind.Keys => entry.Key,
                DictViewKind.Values => entry.Value,
                _ => new JinjaTuple(entry.Key, entry.Value),
            };
        }
        if (dict.Count != count)
        {
            throw new TemplateError("the dictionary changed its size during iteration");
        }
    }
}
