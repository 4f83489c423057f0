namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>How a list, map or struct prints: as Go does, or by a <c>String</c> method of its type.</summary>
internal enum GoPrinting
{
    /// <summary><c>[a b]</c>, <c>map[k:v]</c>, <c>{a b}</c></summary>
    Plain,

    /// <summary>As JSON.</summary>
    Json,

    /// <summary>A list of one as that one, in JSON too: the type of a JSON schema.</summary>
    OneOrMany,
}
