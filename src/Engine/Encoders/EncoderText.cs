namespace LocalLlm.Engine.Encoders;

/// <summary>A text on its way through an encoder.</summary>
/// <param name="Request">Gets its result.</param>
/// <param name="Index">Its number among the request's texts.</param>
/// <param name="Tokens">At least one, at most as many as the model has positions.</param>
internal readonly record struct EncoderText(EncoderRequest Request, int Index, int[] Tokens)
{
    /// <summary>Number of tokens.</summary>
    public int Length => Tokens.Length;
}
