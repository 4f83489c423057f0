using System.Collections.Frozen;
using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>The functions that every template can call.</summary>
internal static class GlobalTable
{
    /// <summary>Elements of the longest range; Jinja2's sandbox allows as many.</summary>
    private const int MaxRange = 100_000;

    private const int MaxMessage = 4096;

    private static readonly FrozenDictionary<string, Callable> Functions = new BuiltIn[]
    {
        new("cycler", "*", (_, _, arguments) => new Cycler(arguments.All.Positional)),
        new("dict", "*", Dict),
        new("joiner", "sep?", (_, _, arguments) => new Joiner(arguments.Get(0, ", "))),
        new("namespace", "*", (rendering, self, arguments) => new Namespace(Dict(rendering, self, arguments))),
        new("raise_exception", "message", RaiseException),
        new("range", "*", Range),
        new("strftime_now", "format", (rendering, _, arguments) => TimeFormat.Apply(rendering, arguments.Text(0), rendering.Clock.GetLocalNow())),
    }.ToFrozenDictionary(function => function.Name, Callable (function) => new BoundBuiltIn(function, null));

    /// <summary>Finds a function; null if there is none of that name.</summary>
    public static Callable? Find(string name) => Functions.GetValueOrDefault(name);

    /// <summary>Ends the rendering with the template's words, of which an error message has room for the first thousands.</summary>
    private static object? RaiseException(Rendering rendering, object? self, BoundArguments arguments)
    {
        string message = Reprs.Str(rendering, arguments[0]);
        throw new TemplateError(message.Length <= MaxMessage ? message : message[..MaxMessage], raisedByTemplate: true);
    }

    /// <summary>A dictionary of another one or of pairs, and of named values.</summary>
    private static JinjaDict Dict(Rendering rendering, object? self, BoundArguments arguments)
    {
        JinjaDict dict = new();
        if (arguments.All.Positional.Count > 1)
        {
            throw new TemplateError("'dict' takes at most one argument without a name");
        }
        foreach (object? source in arguments.All.Positional)
        {
            DictMethods.Update(rendering, dict, source);
        }
        foreach ((string name, object? value) in arguments.All.Named)
        {
            dict.Set(rendering, name, value);
        }
        return dict;
    }

    private static JinjaRange Range(Rendering rendering, object? self, BoundArguments arguments)
    {
        if (arguments.All.Positional.Count is < 1 or > 3 || arguments.All.Named.Count > 0)
        {
            throw new TemplateError("'range' takes a stop, or a start, a stop and a step");
        }
        long[] bounds = [.. arguments.All.Positional.Select(Bound)];
        (long start, long stop) = bounds.Length == 1 ? (0, bounds[0]) : (bounds[0], bounds[1]);
        long step = bounds.Length == 3 ? bounds[2] : 1;
        if (step == 0)
        {
            throw new TemplateError("the step of a range can't be 0");
        }
        BigInteger count = BigInteger.Max(0, (((BigInteger)stop - start) + step - Math.Sign(step)) / step);
        return count <= MaxRange
            ? new JinjaRange(start, stop, step, (int)count)
            : throw new TemplateError($"a range has at most {MaxRange} elements");
    }

    private static long Bound(object? value)
    {
        Undefined.Refuse(value);
        return Numbers.IsInteger(value) && Numbers.Normalize(Numbers.Big(value!)) is long bound
            ? bound
            : throw new TemplateError($"the bounds of a range are integers, not of type '{TypeNames.Of(value)}'");
    }
}
