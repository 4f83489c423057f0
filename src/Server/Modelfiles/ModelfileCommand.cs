namespace LocalLlm.Server.Modelfiles;

/// <summary>One instruction of a Modelfile with what it says.</summary>
/// <param name="Instruction">Which.</param>
/// <param name="Value">Its value without quotes: a name, a path or a text.</param>
internal sealed record ModelfileCommand(ModelfileInstruction Instruction, string Value)
{
    /// <summary>The option of a <c>PARAMETER</c> or the role of a <c>MESSAGE</c>; empty for the others.</summary>
    public string Name { get; init; } = "";

    /// <summary>How strongly an <c>ADAPTER</c> acts, a factor on its own scale; null if it doesn't say, which means 1.</summary>
    public double? Scale { get; init; }

    /// <summary>Where it begins, from 1; 0 if it was not read from text.</summary>
    public int Line { get; init; }
}
