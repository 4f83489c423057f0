using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Conversion;

/// <summary>What a checkpoint becomes in GGUF: each family of architectures has its own. Made once everything but the weights has been read and checked.</summary>
internal abstract class CheckpointModel
{
    /// <summary><c>general.architecture</c>.</summary>
    public abstract string Architecture { get; }

    /// <summary>The tensors of the result in their order, the token embedding first.</summary>
    public abstract IReadOnlyList<ConvertedTensor> Tensors { get; }

    /// <summary>Reads the configuration of a checkpoint and finds its weights.</summary>
    /// <param name="directory">The checkpoint.</param>
    /// <param name="open">Opens its weights; called once the configuration has been read, because what is unusual there is more telling than what follows from it for them.</param>
    /// <exception cref="TextEngineException">A file is missing or wrong, or the model is of a kind that cannot be converted.</exception>
    public static CheckpointModel Read(string directory, Func<SafetensorsCheckpoint> open)
    {
        JsonSection json = JsonSection.Read(directory, CheckpointConfig.FileName);
        if (EncoderCheckpointConfig.Describes(json))
        {
            EncoderCheckpointConfig encoder = EncoderCheckpointConfig.Read(json);
            return new EncoderCheckpoint(directory, encoder, open());
        }
        CheckpointConfig config = CheckpointConfig.Read(json);
        return new DecoderCheckpoint(directory, config, open());
    }

    /// <summary>Adds the keys of the shape and of the tokenizer.</summary>
    /// <exception cref="TextEngineException">The tokenizer is missing, wrong, or of a kind that cannot be converted.</exception>
    public abstract void AddKeys(GgufWriter writer);

    /// <summary>Adds tensors that are made of the configuration alone.</summary>
    public virtual void AddOwnTensors(GgufWriter writer)
    {
    }
}
