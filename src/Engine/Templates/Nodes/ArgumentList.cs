using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>The arguments of a call as written: <c>(a, name=b, *list, **dict)</c>.</summary>
/// <param name="positional">Those without a name.</param>
/// <param name="named">Those with one; no name twice.</param>
/// <param name="rest">What <c>*</c> stands before, if anything.</param>
/// <param name="namedRest">What <c>**</c> stands before, if anything.</param>
internal sealed class ArgumentList(
    IReadOnlyList<Expression> positional,
    IReadOnlyList<(string Name, Expression Value)> named,
    Expression? rest,
    Expression? namedRest)
{
    /// <summary>No arguments.</summary>
    public static ArgumentList None { get; } = new([], [], null, null);

    /// <summary>Evaluates them, in the order in which they stand.</summary>
    public Arguments Evaluate(Rendering rendering)
    {
        if (positional.Count == 0 && named.Count == 0 && rest is null && namedRest is null)
        {
            return Arguments.None;
        }
        List<object?> values = [.. positional.Select(expression => expression.Evaluate(rendering))];
        List<KeyValuePair<string, object?>> namedValues = [.. named.Select(pair => KeyValuePair.Create(pair.Name, pair.Value.Evaluate(rendering)))];
        if (rest is not null)
        {
            values.AddRange(Iteration.ToList(rendering, rest.Evaluate(rendering)));
        }
        if (namedRest is not null)
        {
            AddNamed(rendering, namedValues, namedRest.Evaluate(rendering));
        }
        return new Arguments(values, namedValues);
    }

    private static void AddNamed(Rendering rendering, List<KeyValuePair<string, object?>> named, object? more)
    {
        Undefined.Refuse(more);
        if (more is not JinjaDict dict)
        {
            throw new TemplateError($"a dictionary must stand after '**', not a value of type '{TypeNames.Of(more)}'");
        }
        rendering.AllocateElements(dict.Count);
        HashSet<string> names = [.. named.Select(pair => pair.Key)];
        foreach ((object? key, object? value) in dict.Entries)
        {
            string name = key as string ?? throw new TemplateError("the names of arguments must be text");
            if (!names.Add(name))
            {
                throw new TemplateError($"two arguments are named '{name}'");
            }
            named.Add(KeyValuePair.Create(name, value));
        }
    }
}
