namespace LocalLlm.Server.Cli.Vectors;

/// <summary>Forms in which vectors are written.</summary>
internal enum VectorFormat
{
    /// <summary>An array of arrays.</summary>
    Json,

    /// <summary>Comma-separated values.</summary>
    Csv,

    /// <summary>NumPy's array file.</summary>
    Npy,
}
