using System.Text.Json;

namespace LocalLlm.Server.Cli.Vectors;

/// <summary>One JSON array of arrays of numbers, each vector on a line of its own.</summary>
/// <param name="output">Where to.</param>
internal sealed class JsonVectors(TextWriter output) : IVectorWriter
{
    private bool _begun;

    /// <inheritdoc/>
    public void Add(float[] vector)
    {
        output.Write($"{(_begun ? ",\n" : "[\n")}{JsonSerializer.Serialize(vector)}");
        _begun = true;
    }

    /// <inheritdoc/>
    public void End() => output.Write(_begun ? "\n]\n" : "[]\n");

    /// <inheritdoc/>
    public void Abandon()
    {
        if (_begun)
        {
            output.Write("\n");
        }
    }
}
