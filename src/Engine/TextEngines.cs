using LocalLlm.Engine.Encoders;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;

namespace LocalLlm.Engine;

/// <summary>Opens a model as what its architecture makes of it: a decoder that generates, or an encoder that embeds.</summary>
public static class TextEngines
{
    /// <summary>Loads a model into this process.</summary>
    /// <param name="path">A GGUF file; the first part of a split one.</param>
    /// <param name="options">How to load it.</param>
    /// <exception cref="TextEngineException">The file is missing, damaged, or of a kind that the engine does not know.</exception>
    public static ITextEngine Open(string path, ModelOptions options) =>
        IsEncoder(path) ? new EncoderEngine(EncoderModel.Load(path, options)) : new TextEngine(LanguageModel.Load(path, options));

    /// <summary>False too for what cannot be read: loading it as a decoder says why.</summary>
    private static bool IsEncoder(string path)
    {
        try
        {
            using GgufFile file = GgufFile.Open(path);
            return EncoderConfig.Describes(file);
        }
        catch (Exception e) when (e is GgufFormatException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
