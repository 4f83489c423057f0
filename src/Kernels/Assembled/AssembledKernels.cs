using System.Runtime.Intrinsics.X86;
using LocalLlm.Gguf;

namespace LocalLlm.Kernels.Assembled;

/// <summary>The matrix kernels, assembled once for the process when they are first asked for.</summary>
internal sealed unsafe class AssembledKernels
{
    private static readonly Lazy<AssembledKernels> s_instance = new(() => new AssembledKernels());

    private readonly nint[][] _tiles = new nint[TileShape.All.Count][];
    private readonly nint[][] _rows = new nint[RowAssembler.Types.Count][];
    private readonly nint[][] _batches = new nint[RowAssembler.Types.Count][];

    private AssembledKernels()
    {
        AssembledCode code = AssembledCode.Create();
        if (!ExecutableMemory.TryPublish(code.Bytes, out byte* address, out string refusal))
        {
            // It could be had a moment ago.
            throw new InvalidOperationException($"The kernels can't be loaded: {refusal}. The SIMD level 'avx512' works without.");
        }
        Place(code.Tiles, _tiles, address);
        Place(code.Rows, _rows, address);
        Place(code.Batches, _batches, address);
    }

    /// <summary>The kernels; to be asked for only where <see cref="SimdLevel.Avx512Vnni"/> can run.</summary>
    public static AssembledKernels Instance => s_instance.Value;

    /// <summary>True if the processor has the instructions: AVX-512 F, BW, DQ, VL (as the runtime sees them) and AVX512_VNNI.</summary>
    // Intel SDM volume 2, CPUID leaf 7: ECX bit 11. The runtime has no class for the 512-bit form alone.
    public static bool ProcessorHasInstructions { get; } =
        Environment.Is64BitProcess && SimdLevels.IsSupported(SimdLevel.Avx512) && X86Base.IsSupported && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    /// <summary>Starts to assemble them on another thread, so that they are there when they are needed: it takes as long as reading a vocabulary.</summary>
    public static Task Prepare() => Task.Run(static () => _ = Instance);

    /// <summary>A kernel for many tokens. The call is short, a microsecond or a few, so it does not tell the garbage collector that managed code is left.</summary>
    /// <param name="shape">Place in <see cref="TileShape.All"/>.</param>
    /// <param name="tokens">1 to <see cref="TileShape.MaxTokens"/>.</param>
    public delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Kernel(int shape, int tokens) =>
        (delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)_tiles[shape][tokens - 1];

    /// <summary>A kernel for one token.</summary>
    /// <param name="type">Format of the weights.</param>
    /// <param name="tail">Blocks of a row beyond whole steps.</param>
    public delegate* unmanaged[SuppressGCTransition]<RowCall*, void> RowKernel(GgmlType type, int tail) =>
        (delegate* unmanaged[SuppressGCTransition]<RowCall*, void>)_rows[PlaceOf(type)][tail];

    /// <summary>A kernel for several tokens.</summary>
    /// <param name="type">Format of the weights.</param>
    /// <param name="tail">Blocks of a row beyond whole steps.</param>
    public delegate* unmanaged[SuppressGCTransition]<RowCall*, void> BatchKernel(GgmlType type, int tail) =>
        (delegate* unmanaged[SuppressGCTransition]<RowCall*, void>)_batches[PlaceOf(type)][tail];

    private static int PlaceOf(GgmlType type)
    {
        for (int i = 0; i < RowAssembler.Types.Count; i++)
        {
            if (RowAssembler.Types[i] == type)
            {
                return i;
            }
        }
        throw new ArgumentOutOfRangeException(nameof(type), type, "The format has no integer dot product.");
    }

    private static void Place(int[][] offsets, nint[][] kernels, byte* address)
    {
        for (int i = 0; i < kernels.Length; i++)
        {
            kernels[i] = [.. offsets[i].Select(offset => (nint)address + offset)];
        }
    }
}
