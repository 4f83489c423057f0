namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>A field of a struct.</summary>
/// <param name="Name">Its name in templates.</param>
/// <param name="JsonName">Its name in JSON.</param>
/// <param name="Value">Its value.</param>
/// <param name="OmitsEmpty">Whether JSON leaves it out if it is empty.</param>
internal sealed record GoField(string Name, string JsonName, object? Value, bool OmitsEmpty = false);
