using Iced.Intel;
using LocalLlm.Gguf;

namespace LocalLlm.Kernels.Assembled;

/// <summary>The code of all kernels, position independent, and where in it each of them starts.</summary>
/// <param name="Bytes">The code.</param>
/// <param name="Tiles">Offsets of the kernels for many tokens: [place in <see cref="TileShape.All"/>][tokens - 1].</param>
/// <param name="Rows">Offsets of the kernels for one token: [place in <see cref="RowAssembler.Types"/>][blocks of the tail].</param>
/// <param name="Batches">Offsets of the kernels for several tokens, likewise.</param>
internal sealed record AssembledCode(byte[] Bytes, int[][] Tiles, int[][] Rows, int[][] Batches)
{
    /// <summary>Assembles everything.</summary>
    public static AssembledCode Create()
    {
        Assembler assembler = new(64);
        Label[][] tiles = [.. TileShape.All.Select(shape => Entries(assembler, shape.MaxTokens, i => TileAssembler.Write(assembler, shape, i + 1)))];
        Label[][] rows = RowKernels(assembler, SingleRowAssembler.Write), batches = RowKernels(assembler, BatchRowAssembler.Write);
        using MemoryStream code = new();
        AssemblerResult result = assembler.Assemble(new StreamCodeWriter(code), 0, BlockEncoderOptions.ReturnNewInstructionOffsets);
        return new(code.ToArray(), Offsets(result, tiles), Offsets(result, rows), Offsets(result, batches));
    }

    private static Label[][] RowKernels(Assembler assembler, Action<Assembler, GgmlType, int> write) =>
        [.. RowAssembler.Types.Select(type => Entries(assembler, RowAssembler.MaxTail(type) + 1, tail => write(assembler, type, tail)))];

    private static Label[] Entries(Assembler assembler, int count, Action<int> write)
    {
        Label[] entries = new Label[count];
        for (int i = 0; i < count; i++)
        {
            entries[i] = assembler.CreateLabel();
            assembler.Label(ref entries[i]);
            write(i);
        }
        return entries;
    }

    private static int[][] Offsets(AssemblerResult result, Label[][] labels) => [.. labels.Select(list => list.Select(label => (int)result.GetLabelRIP(label)).ToArray())];
}
