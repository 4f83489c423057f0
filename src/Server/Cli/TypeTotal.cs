using LocalLlm.Gguf;

namespace LocalLlm.Server.Cli;

/// <summary>All tensors of one type together.</summary>
/// <param name="Type">The type.</param>
/// <param name="Tensors">How many there are.</param>
/// <param name="Elements">Their elements.</param>
/// <param name="Bytes">Their bytes.</param>
internal sealed record TypeTotal(GgmlType Type, int Tensors, long Elements, long Bytes)
{
    /// <summary>The totals of a file, the type with the most bytes first.</summary>
    public static IReadOnlyList<TypeTotal> Of(GgufFile file) =>
    [
        .. file.Tensors.GroupBy(tensor => tensor.Type)
            .Select(group => new TypeTotal(group.Key, group.Count(), group.Sum(tensor => tensor.ElementCount), group.Sum(tensor => tensor.ByteLength)))
            .OrderByDescending(total => total.Bytes),
    ];
}
