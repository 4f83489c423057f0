namespace LocalLlm.Gguf.Safetensors;

/// <summary>A safetensors file or checkpoint cannot be read. The message is one sentence that names the file and what is wrong with it.</summary>
public sealed class SafetensorsFormatException : Exception
{
    /// <summary>Makes the exception; the message reads "Cannot read 'path': problem."</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong, a clause without a full stop.</param>
    /// <param name="innerException">What brought it to light.</param>
    public SafetensorsFormatException(string path, string problem, Exception? innerException = null)
        : base($"Cannot read '{path}': {problem}.", innerException)
    {
    }
}
