namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>Names of types for error messages.</summary>
internal static class GoTypes
{
    /// <summary>The type of a value, as Go calls it or nearly so.</summary>
    public static string Name(object? value) => value switch
    {
        bool => "bool",
        long => "int",
        double => "float64",
        string => "string",
        GoList => "slice",
        GoMap => "map",
        GoStruct { TypeName: var name } => name,
        _ => "nil",
    };

    /// <summary>How a value prints.</summary>
    public static GoPrinting Printing(object? value) => value switch
    {
        GoList list => list.Printing,
        GoMap map => map.Printing,
        GoStruct structure => structure.Printing,
        _ => GoPrinting.Plain,
    };
}
