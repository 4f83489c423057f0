namespace LocalLlm.Server.Cli.Vectors;

/// <summary>
/// NumPy's array for standard output: its header says how many rows come, so they wait in a temporary file, of which nothing is left when the process ends in any way.
/// </summary>
internal sealed class ArrayPipe : IVectorWriter, IDisposable
{
    private readonly Stream _output;
    private readonly FileStream _rows;
    private readonly NpyVectors _vectors;

    /// <summary>Begins the array.</summary>
    /// <param name="output">Where it goes in the end.</param>
    /// <exception cref="CommandLineException">There is no place for temporary files.</exception>
    public ArrayPipe(Stream output)
    {
        _output = output;
        try
        {
            _rows = new FileStream(
                Path.Combine(Path.GetTempPath(), $"localllm-{Path.GetRandomFileName()}.npy"),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, BufferSize = 1 << 16, Options = FileOptions.DeleteOnClose });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandLineException($"The vectors cannot be kept in '{Path.GetTempPath()}' until they are complete: {e.Message}");
        }
        _vectors = new NpyVectors(_rows);
    }

    /// <inheritdoc/>
    public void Add(float[] vector) => _vectors.Add(vector);

    /// <inheritdoc/>
    public void End()
    {
        _vectors.End();
        _rows.Position = 0;
        _rows.CopyTo(_output);
        _output.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _rows.Dispose();
}
