namespace LocalLlm.Engine.Tokenization;

/// <summary>Turns text between special tokens into tokens; <c>tokenizer.ggml.model</c> chooses the implementation.</summary>
internal interface ISegmentEncoder
{
    /// <summary>Appends the tokens of well-formed, non-empty UTF-8 text that begins the whole text or follows a special token.</summary>
    void Encode(ReadOnlySpan<byte> text, List<int> output);
}
