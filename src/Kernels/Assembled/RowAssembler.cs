using System.Runtime.InteropServices;
using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Writes kernels that take rows four at a time straight from the file's blocks, by the law of <c>docs/arithmetic.md</c>. Here is what those for one token
/// and those for several have in common: the way over the rows, and the unpacking. They are there to keep up with the memory: VNNI instead of two
/// multiplications and additions, half-precision conversion by the processor, and the factors of four rows unpacked together.
/// </summary>
/// <remarks>
/// A group of four blocks is brought into the layout of <see cref="QuantizedActivations"/>, block j in 128-bit lane j. Integer sums are arranged as
/// [4 blocks, 4 rows], multiplied by factors in the same order, and added to partial sums [4 partials, 4 rows]. What differs between formats is in
/// the other files of this class. The calling convention is System V's: one argument, a <see cref="RowCall"/>, in rdi.
/// </remarks>
internal abstract partial class RowAssembler
{
    /// <summary>Rows that are unpacked together: a tile.</summary>
    protected const int TileRows = 4;

    // Unpacking uses rbp, k1, k2 and zmm9 to 12, for the factors of a super-block zmm1 to 4, 13 and 14 as well.
    private static readonly AssemblerRegister64 s_row = rax, s_row3 = rbx, s_stride = rcx, s_step = r10, s_ahead = r11, s_rows = r14, s_constants = r15, s_spare = rbp;

    private static readonly AssemblerRegisterZMM s_lowNibbles = zmm23, s_permuteFirst = zmm24, s_permuteSecond = zmm25, s_extra = zmm28;

    private readonly int _tail;

    /// <summary>Remembers what to write.</summary>
    protected RowAssembler(Assembler assembler, GgmlType type, int tail)
    {
        Code = assembler;
        Type = type;
        _tail = tail;
    }

    /// <summary>Formats that kernels are written for.</summary>
    public static IReadOnlyList<GgmlType> Types { get; } =
        [GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K];

    /// <summary>Most blocks that a row of a format can have beyond whole steps.</summary>
    public static int MaxTail(GgmlType type) => HasSuperBlocks(type) ? 0 : QuantizedActivations.GroupBlocks - 1;

    /// <summary>Blocks of 32 in a step of the kernel's loop: a group, or a super-block.</summary>
    public static int StepBlocks(GgmlType type) => HasSuperBlocks(type) ? 2 * QuantizedActivations.GroupBlocks : QuantizedActivations.GroupBlocks;

    private static bool HasSuperBlocks(GgmlType type) => type is GgmlType.Q4_K or GgmlType.Q5_K or GgmlType.Q6_K;

    /// <summary>Where the code goes.</summary>
    protected Assembler Code { get; }

    /// <summary>Format of the weights.</summary>
    protected GgmlType Type { get; }

    /// <summary>Whether the format has super-blocks of 256: two groups, whose factors are unpacked together.</summary>
    protected bool IsSuper => HasSuperBlocks(Type);

    /// <summary>Whether blocks have a minimum.</summary>
    protected bool HasMinimums => Type is GgmlType.Q4_1 or GgmlType.Q5_1 or GgmlType.Q4_K or GgmlType.Q5_K;

    /// <summary>Whether quants have an offset, which integer sums start with.</summary>
    protected bool HasOffset => Type is GgmlType.Q8_0 or GgmlType.Q4_0 or GgmlType.Q5_0 or GgmlType.Q6_K;

    /// <summary>Whether the halves of a block have integer scales.</summary>
    protected bool HasHalves => Type == GgmlType.Q6_K;

    /// <summary>Tiles of rows that the kernel works on at a time.</summary>
    protected abstract int Tiles { get; }

    /// <summary>Registers that unpacked factors go to: weight scales of a group [4 blocks, 4 rows], and those of a super-block's second group.</summary>
    protected static AssemblerRegisterZMM Scale(int group) => group == 0 ? zmm7 : zmm21;

    /// <summary>Likewise minimums.</summary>
    protected static AssemblerRegisterZMM Minimum(int group) => group == 0 ? zmm8 : zmm22;

    private int StepBytes => (int)GgmlTypes.RowBytes(Type, StepBlocks(Type) * QuantizedActivations.BlockLength);

    /// <summary>Appends the kernel.</summary>
    protected void Write()
    {
        Label tile = Code.CreateLabel(), step = Code.CreateLabel(), tail = Code.CreateLabel();
        EnterKernel();
        Code.Label(ref tile);
        Code.mov(s_row, s_rows);
        Code.lea(s_row3, __[s_rows + (s_stride * 2)]);
        Code.add(s_row3, s_stride);
        Code.mov(s_step, Field(nameof(RowCall.Steps)));
        Code.mov(s_ahead, Field(nameof(RowCall.Ahead)));
        Code.add(s_ahead, s_rows);
        BeginTiles();
        Code.test(s_step, s_step);
        Code.jz(tail);
        Code.Label(ref step);
        Prefetch();
        Step();
        Code.add(s_row, StepBytes);
        Code.add(s_row3, StepBytes);
        Code.dec(s_step);
        Code.jnz(step);
        Code.Label(ref tail);
        if (_tail > 0)
        {
            Group(0, _tail);
        }
        EndTiles();
        Code.lea(s_rows, __[s_rows + (s_stride * TileRows)]);
        if (Tiles > 1)
        {
            Code.lea(s_rows, __[s_rows + (s_stride * TileRows)]);
        }
        Code.dec(Field(nameof(RowCall.Tiles)));
        Code.jnz(tile);
        LeaveKernel();
    }

    /// <summary>Loads registers that stay as they are; others are loaded by then.</summary>
    protected virtual void Enter()
    {
    }

    /// <summary>Makes ready for the rows from s_row on.</summary>
    protected abstract void BeginTiles();

    /// <summary>What comes before the groups of a super-block.</summary>
    protected abstract void SuperBlock();

    /// <summary>A group of four blocks.</summary>
    /// <param name="group">Which of a super-block; 0 in other formats.</param>
    /// <param name="blocks">4; fewer in a row's tail.</param>
    protected abstract void Group(int group, int blocks);

    /// <summary>Stores results.</summary>
    protected abstract void EndTiles();

    /// <summary>A field of the argument.</summary>
    protected static AssemblerMemoryOperand Field(string name) => __qword_ptr[rdi + (int)Marshal.OffsetOf<RowCall>(name)];

    /// <summary>A vector of <see cref="RowConstants"/>.</summary>
    protected static AssemblerMemoryOperand Constant(int offset) => s_constants + offset;

    /// <summary>Turns to the four rows after the present ones.</summary>
    protected void NextTile()
    {
        Code.lea(s_row, __[s_row + (s_stride * TileRows)]);
        Code.lea(s_row3, __[s_row3 + (s_stride * TileRows)]);
    }

    /// <summary>And back.</summary>
    protected void PreviousTile()
    {
        Code.lea(s_spare, __[s_stride * TileRows]);
        Code.sub(s_row, s_spare);
        Code.sub(s_row3, s_spare);
    }

    /// <summary>(p0 + p2) + (p1 + p3) of the four rows whose partial sums are in zmm0, to xmm0.</summary>
    protected void Fold()
    {
        Code.vextractf64x4(ymm1, zmm0, 1);
        Code.vaddps(ymm0, ymm0, ymm1);
        Code.vextractf128(xmm1, ymm0, 1);
        Code.vaddps(xmm0, xmm0, xmm1);
    }

    private void EnterKernel()
    {
        foreach (AssemblerRegister64 register in (ReadOnlySpan<AssemblerRegister64>)[rbx, rbp, r12, r13, r14, r15])
        {
            Code.push(register);
        }
        Code.mov(s_rows, Field(nameof(RowCall.Rows)));
        Code.mov(s_stride, Field(nameof(RowCall.RowBytes)));
        Code.mov(s_constants, Field(nameof(RowCall.Constants)));
        Load(s_lowNibbles, RowConstants.LowNibbles);
        bool chunks = Type is GgmlType.Q4_K or GgmlType.Q5_K;
        Load(s_permuteFirst, chunks ? RowConstants.ChunksFirst : RowConstants.PairsFirst);
        Load(s_permuteSecond, chunks ? RowConstants.ChunksSecond : RowConstants.PairsSecond);
        Load(s_extra, Type switch { GgmlType.Q8_0 => RowConstants.Flip, GgmlType.Q6_K => RowConstants.HighBits, _ => RowConstants.FifthBit });
        Enter();
    }

    private void LeaveKernel()
    {
        Code.vzeroupper();
        foreach (AssemblerRegister64 register in (ReadOnlySpan<AssemblerRegister64>)[r15, r14, r13, r12, rbp, rbx])
        {
            Code.pop(register);
        }
        Code.ret();
    }

    /// <summary>Loads a vector of <see cref="RowConstants"/>.</summary>
    protected void Load(AssemblerRegisterZMM register, int constant) => Code.vmovdqu64(register, __zmmword_ptr[Constant(constant)]);

    /// <summary>Asks for as many bytes as a step consumes, in the rows to come, which follow in memory.</summary>
    private void Prefetch()
    {
        for (int at = 0; at < Tiles * TileRows * StepBytes; at += 64)
        {
            Code.prefetcht0(__byte_ptr[s_ahead + at]);
        }
        Code.add(s_ahead, Tiles * TileRows * StepBytes);
    }

    private void Step()
    {
        if (!IsSuper)
        {
            Group(0, QuantizedActivations.GroupBlocks);
            return;
        }
        SuperBlock();
        Group(0, QuantizedActivations.GroupBlocks);
        Group(1, QuantizedActivations.GroupBlocks);
    }

    /// <summary>A place in one of the four rows.</summary>
    private static AssemblerMemoryOperand At(int row, int offset) => row switch
    {
        0 => s_row + offset,
        1 => s_row + s_stride + offset,
        2 => s_row + (s_stride * 2) + offset,
        _ => s_row3 + offset,
    };
}
