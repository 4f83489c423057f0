namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>What follows an operand in its command.</summary>
/// <param name="Operands">Arguments as written.</param>
/// <param name="IsPiped">Whether a value comes from the command before.</param>
/// <param name="Piped">That value, which is the last argument.</param>
internal readonly record struct GoArguments(IReadOnlyList<GoOperand> Operands, bool IsPiped, object? Piped)
{
    /// <summary>How many there are.</summary>
    public int Count => Operands.Count + (IsPiped ? 1 : 0);

    /// <summary>No arguments.</summary>
    public static GoArguments None { get; } = new([], false, null);
}
