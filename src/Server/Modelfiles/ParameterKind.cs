namespace LocalLlm.Server.Modelfiles;

/// <summary>What an option takes.</summary>
internal enum ParameterKind
{
    /// <summary>A whole number of 64 bits.</summary>
    Integer,

    /// <summary>A finite number.</summary>
    Real,

    /// <summary><c>true</c> or <c>false</c>, or what Go takes for them.</summary>
    Boolean,

    /// <summary>Texts: each mention adds one.</summary>
    Texts,

    /// <summary>Nothing any more: old Modelfiles have it, and it is reported and left out.</summary>
    Removed,
}
