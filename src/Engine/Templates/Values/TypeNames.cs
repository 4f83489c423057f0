using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>Python's names of the types, for error messages: template authors know those.</summary>
internal static class TypeNames
{
    /// <summary>The name of a value's type.</summary>
    public static string Of(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        JinjaList => "list",
        JinjaTuple => "tuple",
        JinjaRange => "range",
        JinjaDict => "dict",
        DictView view => view.TypeName,
        JinjaGenerator => "generator",
        Namespace => "namespace",
        Undefined => "Undefined",
        LoopContext => "loop",
        Macro => "macro",
        Callable => "function",
        IHasAttributes => "object",
        _ => throw new ArgumentException($"{value.GetType()} is no template value.", nameof(value)),
    };
}
