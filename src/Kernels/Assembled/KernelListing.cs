using System.Globalization;
using Iced.Intel;
using LocalLlm.Gguf;

namespace LocalLlm.Kernels.Assembled;

/// <summary>The assembled kernels as text, for the curious.</summary>
public static class KernelListing
{
    /// <summary>Writes every kernel: a heading, then its instructions with offsets and bytes. Needs no processor that could run them.</summary>
    /// <param name="writer">Where to.</param>
    public static void Write(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        AssembledCode code = AssembledCode.Create();
        SortedDictionary<int, string> entries = [];
        for (int shape = 0; shape < code.Tiles.Length; shape++)
        {
            for (int i = 0; i < code.Tiles[shape].Length; i++)
            {
                entries.Add(code.Tiles[shape][i], $"{TileShape.All[shape].Formats}: {i + 1} {(i == 0 ? "token" : "tokens")} x {TileShape.Rows} rows of a packed panel");
            }
        }
        AddRows(entries, code.Rows, "1 token x rows of the file");
        AddRows(entries, code.Batches, $"several tokens x {BatchRowAssembler.Rows} rows of the file at a time");
        Write(writer, code.Bytes, entries);
    }

    private static void AddRows(SortedDictionary<int, string> entries, int[][] kernels, string what)
    {
        for (int type = 0; type < kernels.Length; type++)
        {
            for (int tail = 0; tail < kernels[type].Length; tail++)
            {
                string rest = tail == 0 ? "" : $", {tail} {(tail == 1 ? "block" : "blocks")} beyond whole groups";
                entries.Add(kernels[type][tail], $"{GgmlTypes.Name(RowAssembler.Types[type])}: {what}{rest}");
            }
        }
    }

    private static void Write(TextWriter writer, byte[] code, SortedDictionary<int, string> entries)
    {
        NasmFormatter formatter = new();
        StringOutput text = new();
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        while (decoder.IP < (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            if (entries.TryGetValue((int)instruction.IP, out string? heading))
            {
                writer.WriteLine($"{(instruction.IP == 0 ? "" : "\n")}; {heading}");
            }
            formatter.Format(instruction, text);
            string bytes = Convert.ToHexString(code, (int)instruction.IP, instruction.Length);
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{instruction.IP:X6}  {bytes,-22}  {text.ToStringAndReset()}"));
        }
    }
}
