namespace LocalLlm.Server.Cli.Vectors;

/// <summary>A file of vectors that are written one by one.</summary>
internal interface IVectorWriter
{
    /// <summary>Writes the next vector.</summary>
    /// <param name="vector">As many components as those before it.</param>
    void Add(float[] vector);

    /// <summary>Completes the file; the stream below stays open.</summary>
    void End();

    /// <summary>Ends what cannot be completed: the line that was begun is ended, so that an error does not stand in it, and nothing says that the vectors are all.</summary>
    void Abandon()
    {
    }
}
