namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>A struct: fields that a template can name, in order. One that it hasn't is an error, unlike a missing key of a map.</summary>
/// <param name="typeName">Its type, for errors and methods.</param>
/// <param name="fields">Its fields.</param>
/// <param name="printing">How it prints.</param>
internal sealed class GoStruct(string typeName, IReadOnlyList<GoField> fields, GoPrinting printing = GoPrinting.Plain)
{
    /// <summary>Its type.</summary>
    public string TypeName => typeName;

    /// <summary>Its fields.</summary>
    public IReadOnlyList<GoField> Fields => fields;

    /// <summary>How it prints.</summary>
    public GoPrinting Printing => printing;

    /// <summary>What JSON has behind the fields, though templates can't name it.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Extra { get; init; } = [];

    /// <summary>A field; null if there is none of that name.</summary>
    public GoField? Find(string name) => fields.FirstOrDefault(field => field.Name == name);
}
