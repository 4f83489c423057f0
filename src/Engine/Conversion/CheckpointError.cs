namespace LocalLlm.Engine.Conversion;

/// <summary>The failures of reading a checkpoint or an adapter, one sentence each.</summary>
internal static class CheckpointError
{
    /// <summary>A file is missing, wrong, or of a kind that is not supported.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong, a clause without a full stop.</param>
    /// <param name="innerException">What brought it to light.</param>
    public static TextEngineException InFile(string path, string problem, Exception? innerException = null) =>
        new(TextEngineErrorKind.InvalidModel, $"Cannot use '{path}': {problem}.", innerException);
}
