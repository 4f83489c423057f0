using System.Globalization;

namespace LocalLlm.Server.Cli.Vectors;

/// <summary>Comma-separated numbers, a line for each vector, without a line of names. The shortest digits that read back as the same float32.</summary>
/// <param name="output">Where to.</param>
internal sealed class CsvVectors(TextWriter output) : IVectorWriter
{
    /// <inheritdoc/>
    public void Add(float[] vector) => output.Write(string.Join(',', vector.Select(value => value.ToString("R", CultureInfo.InvariantCulture))) + "\n");

    /// <inheritdoc/>
    public void End()
    {
    }
}
