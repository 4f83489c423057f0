using LocalLlm.Engine.Templates;
using LocalLlm.Gguf;

namespace LocalLlm.Engine;

/// <summary>What loading a model of any kind has in common: the file is mapped, and given back if it cannot be used.</summary>
internal static class ModelLoading
{
    /// <summary>Maps a file and makes a model of it.</summary>
    /// <typeparam name="TModel">The kind of model.</typeparam>
    /// <param name="path">A GGUF file; the first part of a split one.</param>
    /// <param name="make">Makes the model, which then owns the file.</param>
    /// <exception cref="TextEngineException">The file is missing, damaged, or of a kind that the engine does not know.</exception>
    public static TModel Open<TModel>(string path, Func<GgufFile, TModel> make)
    {
        GgufFile? file = null;
        try
        {
            file = GgufFile.Open(path);
            file.ReadAhead();
            return make(file);
        }
        catch (Exception e) when (e is not TextEngineException)
        {
            file?.Dispose();
            throw e is GgufFormatException or TemplateException or IOException or UnauthorizedAccessException
                ? new TextEngineException(TextEngineErrorKind.InvalidModel, e.Message, e)
                : e;
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }
}
