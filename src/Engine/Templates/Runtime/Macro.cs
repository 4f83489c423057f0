using LocalLlm.Engine.Templates.Nodes;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>A macro, or the body of a <c>call</c> block: renders its body with parameters, in the scope where it was written.</summary>
internal sealed class Macro(MacroDefinition definition, Scope closure) : Callable
{
    /// <summary>The text that the body renders to.</summary>
    public override object? Call(Rendering rendering, Arguments arguments)
    {
        (Scope scope, TextBuilder output) = (rendering.Scope, rendering.Output);
        rendering.EnterCall();
        rendering.Scope = new Scope(closure);
        rendering.Output = new TextBuilder(rendering);
        try
        {
            Bind(rendering, arguments);
            definition.Body.Execute(rendering);
            return rendering.Output.ToString();
        }
        finally
        {
            (rendering.Scope, rendering.Output) = (scope, output);
            rendering.LeaveCall();
        }
    }

    private void Bind(Rendering rendering, Arguments arguments)
    {
        rendering.Charge(definition.Parameters.Count * (1L + (arguments.Named.Count / 8)));
        List<KeyValuePair<string, object?>> named = [.. arguments.Named];
        for (int i = 0; i < definition.Parameters.Count; i++)
        {
            (string name, Expression? fallback) = definition.Parameters[i];
            int index = named.FindIndex(pair => pair.Key == name);
            if (i < arguments.Positional.Count)
            {
                rendering.Scope.Set(name, arguments.Positional[i]);
            }
            else if (index >= 0)
            {
                rendering.Scope.Set(name, named[index].Value);
                named.RemoveAt(index);
            }
            else
            {
                rendering.Scope.Set(name, fallback is null ? new Undefined($"parameter '{name}' was not provided") : fallback.Evaluate(rendering));
            }
        }
        BindRest(rendering, [.. arguments.Positional.Skip(definition.Parameters.Count)], named);
    }

    /// <summary>Arguments beyond the parameters go to <c>caller</c>, <c>varargs</c> and <c>kwargs</c>, if the body reads those.</summary>
    private void BindRest(Rendering rendering, object?[] positional, List<KeyValuePair<string, object?>> named)
    {
        if (definition.ReadsCaller)
        {
            int index = named.FindIndex(pair => pair.Key == "caller");
            rendering.Scope.Set("caller", index < 0 ? new Undefined("no caller is defined, because the macro wasn't used by a call block") : named[index].Value);
            named.RemoveAll(pair => pair.Key == "caller");
        }
        if (definition.ReadsKwargs)
        {
            rendering.Scope.Set("kwargs", new Arguments([], named).NamedAsDict(rendering));
        }
        else if (named.Count > 0)
        {
            throw new TemplateError($"macro '{definition.Name}' has no parameter '{named[0].Key}'");
        }
        if (definition.ReadsVarargs)
        {
            rendering.Scope.Set("varargs", new JinjaTuple(positional));
        }
        else if (positional.Length > 0)
        {
            throw new TemplateError($"macro '{definition.Name}' takes at most {definition.Parameters.Count} arguments");
        }
    }
}
