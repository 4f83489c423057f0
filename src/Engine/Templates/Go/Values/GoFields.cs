using LocalLlm.Engine.Templates.Go.Library;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>What <c>.Name</c> finds in a value: a method, a field of a struct, or the value of a map's key.</summary>
internal static class GoFields
{
    /// <summary>Finds it.</summary>
    /// <param name="meter">Pays for what a method makes.</param>
    /// <param name="value">Where to look.</param>
    /// <param name="name">The name, in its own case.</param>
    /// <param name="hasArguments">Whether arguments follow, which no field and no method here takes.</param>
    /// <exception cref="TemplateError">There is no such name.</exception>
    public static object? Get(Meter meter, object? value, string name, bool hasArguments)
    {
        if (hasArguments)
        {
            throw new TemplateError($"'.{name}' takes no arguments");
        }
        if (name == "String" && GoTypes.Printing(value) != GoPrinting.Plain)
        {
            return GoPrinter.Text(meter, value);
        }
        return value switch
        {
            NoValue => value,
            GoMap map => map.Get(name),
            GoStruct { TypeName: GoToolData.PropertyType } when name == "ToTypeScriptType" => TypeScript.Of(value),
            GoStruct structure when structure.Find(name) is { } field => field.Value,
            null => throw new TemplateError($"there is no '.{name}' in nil"),
            _ => throw new TemplateError($"there is no '.{name}' in a value of type {GoTypes.Name(value)}"),
        };
    }
}
