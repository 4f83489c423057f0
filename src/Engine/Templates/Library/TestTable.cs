using System.Collections.Frozen;
using System.Numerics;
using LocalLlm.Engine.Templates.Nodes;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>All tests (<c>x is test</c>) by name.</summary>
internal static class TestTable
{
    private static readonly FrozenDictionary<string, BuiltIn> Tests = All().ToFrozenDictionary(test => test.Name);

    /// <summary>Finds a test; null if there is none of that name.</summary>
    public static BuiltIn? Find(string name) => Tests.GetValueOrDefault(name);

    /// <summary>A test that was found, or the error that there is none of that name.</summary>
    public static BuiltIn Require(BuiltIn? test, string name) => test ?? throw new TemplateError($"there is no test '{name}'");

    private static BuiltIn Of(string name, Func<object?, bool> test) => new(name, "", (_, value, _) => Truth.Box(test(value)));

    private static IEnumerable<BuiltIn> Comparing(Comparison comparison, params string[] names) => names.Select(name =>
        new BuiltIn(name, "other", (rendering, value, arguments) => Truth.Box(CompareExpression.Holds(rendering, comparison, value, arguments[0]))));

    private static bool HasRemainder(Rendering rendering, object? value, object? divisor, object remainder)
    {
        Undefined.Refuse(value);
        return Equality.AreEqual(rendering, Operators.Modulo(rendering, value, divisor), remainder);
    }

    /// <summary>Identity as Python shows it: None and the booleans are single objects, small integers in effect too.</summary>
    private static bool AreSame(object? a, object? b) => ReferenceEquals(a, b) || (a, b) switch
    {
        (bool x, bool y) => x == y,
        (long x, long y) => x == y,
        (string x, string y) => x == y,
        _ => false,
    };

    private static BuiltIn[] All() =>
    [
        Of("boolean", value => value is bool),
        Of("callable", value => value is Callable or Undefined),
        Of("defined", value => value is not Undefined),
        Of("escaped", _ => false),
        Of("false", value => value is false),
        Of("float", value => value is double),
        Of("integer", value => value is long or BigInteger),
        Of("iterable", Iteration.IsIterable),
        Of("mapping", value => value is JinjaDict),
        Of("none", value => value is null),
        Of("number", Numbers.IsNumber),
        Of("sequence", value => value is string or JinjaSequence or JinjaDict or Undefined),
        Of("string", value => value is string),
        Of("true", value => value is true),
        Of("undefined", value => value is Undefined),
        Of("filter", value => value is string name && FilterTable.Find(name) is not null),
        Of("test", value => value is string name && Find(name) is not null),
        new("lower", "", (rendering, value, _) => Truth.Box(TextCase.IsLower(rendering, Reprs.Str(rendering, value)))),
        new("upper", "", (rendering, value, _) => Truth.Box(TextCase.IsUpper(rendering, Reprs.Str(rendering, value)))),
        new("even", "", (rendering, value, _) => Truth.Box(HasRemainder(rendering, value, 2L, 0L))),
        new("odd", "", (rendering, value, _) => Truth.Box(HasRemainder(rendering, value, 2L, 1L))),
        new("divisibleby", "num", (rendering, value, arguments) => Truth.Box(HasRemainder(rendering, value, arguments[0], 0L))),
        new("sameas", "other", (_, value, arguments) => Truth.Box(AreSame(value, arguments[0]))),
        new("in", "seq", (rendering, value, arguments) => Truth.Box(Equality.Contains(rendering, arguments[0], value))),
        .. Comparing(Comparison.Equal, "==", "eq", "equalto"),
        .. Comparing(Comparison.NotEqual, "!=", "ne"),
        .. Comparing(Comparison.Less, "<", "lt", "lessthan"),
        .. Comparing(Comparison.LessOrEqual, "<=", "le"),
        .. Comparing(Comparison.Greater, ">", "gt", "greaterthan"),
        .. Comparing(Comparison.GreaterOrEqual, ">=", "ge"),
    ];
}
