using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace LocalLlm.Kernels.Assembled;

/// <summary>The matrix kernels, assembled once for the process when they are first asked for.</summary>
internal sealed unsafe class AssembledKernels
{
    private static readonly Lazy<AssembledKernels> s_instance = new(() => new AssembledKernels());

    private readonly nint[][] _entries = new nint[TileShape.All.Count][];

    private AssembledKernels()
    {
        Code = Assemble(out int[][] offsets);
        if (ExecutableMemory.TryPublish(Code, out byte* address, out string refusal))
        {
            for (int shape = 0; shape < offsets.Length; shape++)
            {
                _entries[shape] = [.. offsets[shape].Select(offset => (nint)address + offset)];
            }
        }
        Offsets = offsets;
        Refusal = refusal;
    }

    /// <summary>The kernels.</summary>
    public static AssembledKernels Instance => s_instance.Value;

    /// <summary>True if the processor has the instructions: AVX-512 F, BW, DQ, VL (as the runtime sees them) and AVX512_VNNI.</summary>
    // Intel SDM volume 2, CPUID leaf 7: ECX bit 11. The runtime has no class for the 512-bit form alone.
    public static bool ProcessorHasInstructions { get; } =
        Environment.Is64BitProcess && SimdLevels.IsSupported(SimdLevel.Avx512) && X86Base.IsSupported && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    /// <summary>Why the kernels cannot be called, a piece of a sentence; empty if they can.</summary>
    public string Refusal { get; }

    /// <summary>All of the code.</summary>
    public byte[] Code { get; }

    /// <summary>Where in <see cref="Code"/> the kernels start: [shape, tokens - 1].</summary>
    public int[][] Offsets { get; }

    /// <summary>A kernel. The call is short, a microsecond or a few, so it does not tell the garbage collector that managed code is left.</summary>
    /// <param name="shape">Place in <see cref="TileShape.All"/>.</param>
    /// <param name="tokens">1 to <see cref="TileShape.MaxTokens"/>.</param>
    public delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Kernel(int shape, int tokens) =>
        (delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)_entries[shape][tokens - 1];

    private static byte[] Assemble(out int[][] offsets)
    {
        Assembler assembler = new(64);
        List<List<Label>> labels = [];
        foreach (TileShape shape in TileShape.All)
        {
            labels.Add([]);
            for (int tokens = 1; tokens <= shape.MaxTokens; tokens++)
            {
                Label entry = assembler.CreateLabel();
                assembler.Label(ref entry);
                TileAssembler.Write(assembler, shape, tokens);
                labels[^1].Add(entry);
            }
        }
        using MemoryStream code = new();
        AssemblerResult result = assembler.Assemble(new StreamCodeWriter(code), 0, BlockEncoderOptions.ReturnNewInstructionOffsets);
        offsets = [.. labels.Select(list => list.Select(label => (int)result.GetLabelRIP(label)).ToArray())];
        return code.ToArray();
    }
}
