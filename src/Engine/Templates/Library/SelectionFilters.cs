using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary><c>map</c>, <c>select</c>, <c>reject</c> and their variants: they work while their result is gone through.</summary>
internal static class SelectionFilters
{
    /// <summary><c>map(attribute=..., default=...)</c> or <c>map('filter', ...)</c></summary>
    public static object? Map(Rendering rendering, object? value, BoundArguments arguments)
    {
        Func<object?, object?> map = Mapping(rendering, arguments.All);
        return Over(rendering, value, items => items.Select(map));
    }

    /// <summary><c>select('test', ...)</c></summary>
    public static object? Select(Rendering rendering, object? value, BoundArguments arguments) => Choose(rendering, value, arguments.All, byAttribute: false, keep: true);

    /// <summary><c>reject('test', ...)</c></summary>
    public static object? Reject(Rendering rendering, object? value, BoundArguments arguments) => Choose(rendering, value, arguments.All, byAttribute: false, keep: false);

    /// <summary><c>selectattr('attribute', 'test', ...)</c></summary>
    public static object? SelectAttr(Rendering rendering, object? value, BoundArguments arguments) => Choose(rendering, value, arguments.All, byAttribute: true, keep: true);

    /// <summary><c>rejectattr('attribute', 'test', ...)</c></summary>
    public static object? RejectAttr(Rendering rendering, object? value, BoundArguments arguments) => Choose(rendering, value, arguments.All, byAttribute: true, keep: false);

    private static Func<object?, object?> Mapping(Rendering rendering, Arguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.TryGetNamed("attribute", out object? attribute))
        {
            arguments.TryGetNamed("default", out object? fallback);
            return item => Subscripts.Path(rendering, item, attribute, fallback);
        }
        string name = Name(arguments, 0, "'map' needs the name of a filter, or an attribute");
        BuiltIn filter = FilterTable.Require(FilterTable.Find(name), name);
        Arguments rest = arguments.Skip(1);
        return item => filter.Invoke(rendering, item, rest);
    }

    private static JinjaGenerator Choose(Rendering rendering, object? value, Arguments arguments, bool byAttribute, bool keep)
    {
        object? attribute = !byAttribute ? null
            : arguments.Positional.Count > 0 ? arguments.Positional[0]
            : throw new TemplateError("an attribute to choose by is missing");
        int at = byAttribute ? 1 : 0;
        Func<object?, object?> test = item => item;
        if (arguments.Positional.Count > at)
        {
            string name = Name(arguments, at, "a test has a name");
            BuiltIn builtIn = TestTable.Require(TestTable.Find(name), name);
            Arguments rest = arguments.Skip(at + 1);
            test = item => builtIn.Invoke(rendering, item, rest);
        }
        return Over(rendering, value, items => items.Where(item => Truth.Of(test(Subscripts.Path(rendering, item, attribute))) == keep));
    }

    /// <summary>A generator over what is made of a value's elements; a false value, such as none, has no elements.</summary>
    private static JinjaGenerator Over(Rendering rendering, object? value, Func<IEnumerable<object?>, IEnumerable<object?>> make) =>
        new(Truth.Of(value) ? make(Iteration.Over(rendering, value)) : []);

    private static string Name(Arguments arguments, int index, string otherwise) =>
        arguments.Positional.Count > index && arguments.Positional[index] is string name ? name : throw new TemplateError(otherwise);
}
