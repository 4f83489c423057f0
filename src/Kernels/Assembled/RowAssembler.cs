using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Writes the kernel for one token: dot products of rows, four at a time, straight from the file's blocks, by the law of
/// <c>docs/arithmetic.md</c>. It is there to keep up with the memory: VNNI instead of two multiplications and additions, half-precision conversion
/// by the processor, and the factors of four rows unpacked together.
/// </summary>
/// <remarks>
/// A group of four blocks is brought into the layout of <see cref="QuantizedActivations"/>, block j in 128-bit lane j. The integer sums of four rows are
/// transposed to [4 blocks, 4 rows], multiplied by factors in the same order, and added to the partial sums [4 partials, 4 rows] in zmm0.
/// What differs between formats is in the other files of this class.
/// </remarks>
internal sealed partial class RowAssembler
{
    private const int RowTile = 4;

    private static readonly AssemblerRegister64 s_row = rax, s_row3 = rbx, s_stride = rcx, s_quants = rdx, s_scales = rsi, s_scaledSums = r8, s_halfSums = r9;
    private static readonly AssemblerRegister64 s_step = r10, s_ahead = r11, s_tiles = r12, s_y = r13, s_rows = r14, s_constants = r15, s_spare = rbp;

    // zmm0: partial sums. zmm1 to 4: integer sums of the four rows, zmm13 to 16 those of second halves where they are apart.
    private static readonly AssemblerRegisterZMM s_partials = zmm0, s_first = zmm5, s_second = zmm6, s_xFirst = zmm17, s_xSecond = zmm18, s_start = zmm19, s_start2 = zmm20;
    private static readonly AssemblerRegisterZMM s_scale = zmm7, s_minimum = zmm8, s_scale2 = zmm21, s_minimum2 = zmm22;
    private static readonly AssemblerRegisterZMM s_lowNibbles = zmm23, s_permuteFirst = zmm24, s_permuteSecond = zmm25, s_laneFirst = zmm26, s_pick = zmm27, s_extra = zmm28;

    private readonly Assembler _c;
    private readonly GgmlType _type;
    private readonly int _tail;

    private RowAssembler(Assembler assembler, GgmlType type, int tail)
    {
        _c = assembler;
        _type = type;
        _tail = tail;
    }

    /// <summary>Formats that kernels are written for.</summary>
    public static IReadOnlyList<GgmlType> Types { get; } =
        [GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K];

    /// <summary>Most blocks that a row of a format can have beyond whole steps.</summary>
    public static int MaxTail(GgmlType type) => IsSuper(type) ? 0 : QuantizedActivations.GroupBlocks - 1;

    /// <summary>Blocks of 32 in a step of the kernel's loop: a group, or a super-block.</summary>
    public static int StepBlocks(GgmlType type) => IsSuper(type) ? 2 * QuantizedActivations.GroupBlocks : QuantizedActivations.GroupBlocks;

    /// <summary>Appends the kernel for a format.</summary>
    /// <param name="assembler">Where to.</param>
    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="tail">Blocks beyond whole steps, 0 to <see cref="MaxTail"/>.</param>
    public static void Write(Assembler assembler, GgmlType type, int tail) => new RowAssembler(assembler, type, tail).Write();

    private static bool IsSuper(GgmlType type) => type is GgmlType.Q4_K or GgmlType.Q5_K or GgmlType.Q6_K;

    private bool HasMinimums => _type is GgmlType.Q4_1 or GgmlType.Q5_1 or GgmlType.Q4_K or GgmlType.Q5_K;

    private bool HasOffset => _type is GgmlType.Q8_0 or GgmlType.Q4_0 or GgmlType.Q5_0 or GgmlType.Q6_K;

    private int StepBytes => (int)GgmlTypes.RowBytes(_type, StepBlocks(_type) * QuantizedActivations.BlockLength);

    private static AssemblerRegisterZMM Sum(int row) => row switch { 0 => zmm1, 1 => zmm2, 2 => zmm3, _ => zmm4 };

    private static AssemblerRegisterZMM SecondSum(int row) => row switch { 0 => zmm13, 1 => zmm14, 2 => zmm15, _ => zmm16 };

    private void Write()
    {
        Label tile = _c.CreateLabel(), step = _c.CreateLabel(), tail = _c.CreateLabel();
        Enter();
        _c.Label(ref tile);
        BeginTile();
        _c.test(s_step, s_step);
        _c.jz(tail);
        _c.Label(ref step);
        Prefetch();
        Step();
        _c.add(s_row, StepBytes);
        _c.add(s_row3, StepBytes);
        _c.dec(s_step);
        _c.jnz(step);
        _c.Label(ref tail);
        if (_tail > 0)
        {
            Group(0, _tail);
        }
        EndTile();
        _c.dec(s_tiles);
        _c.jnz(tile);
        Leave();
    }

    private void Enter()
    {
        foreach (AssemblerRegister64 register in (ReadOnlySpan<AssemblerRegister64>)[rbx, rbp, r12, r13, r14, r15])
        {
            _c.push(register);
        }
        _c.mov(s_rows, __qword_ptr[rdi]);
        _c.mov(s_stride, __qword_ptr[rdi + 8]);
        _c.mov(s_tiles, __qword_ptr[rdi + 16]);
        _c.mov(s_y, __qword_ptr[rdi + 64]);
        _c.vpbroadcastd(s_pick, __dword_ptr[rdi + 72]);
        _c.mov(s_constants, __qword_ptr[rdi + 88]);
        Load(s_lowNibbles, RowConstants.LowNibbles);
        bool chunks = _type is GgmlType.Q4_K or GgmlType.Q5_K;
        Load(s_permuteFirst, chunks ? RowConstants.ChunksFirst : RowConstants.PairsFirst);
        Load(s_permuteSecond, chunks ? RowConstants.ChunksSecond : RowConstants.PairsSecond);
        Load(s_laneFirst, RowConstants.LaneFirst);
        Load(s_extra, _type switch { GgmlType.Q8_0 => RowConstants.Flip, GgmlType.Q6_K => RowConstants.HighBits, _ => RowConstants.FifthBit });
        // The first 64 bits of each lane.
        _c.mov(ebp, 0x55);
        _c.kmovw(k3, ebp);
    }

    private void Leave()
    {
        _c.vzeroupper();
        foreach (AssemblerRegister64 register in (ReadOnlySpan<AssemblerRegister64>)[r15, r14, r13, r12, rbp, rbx])
        {
            _c.pop(register);
        }
        _c.ret();
    }

    private void Load(AssemblerRegisterZMM register, int constant) => _c.vmovdqu64(register, __zmmword_ptr[s_constants + constant]);

    private void BeginTile()
    {
        _c.mov(s_row, s_rows);
        _c.lea(s_row3, __[s_rows + (s_stride * 2)]);
        _c.add(s_row3, s_stride);
        _c.mov(s_quants, __qword_ptr[rdi + 24]);
        _c.mov(s_scales, __qword_ptr[rdi + 32]);
        _c.mov(s_scaledSums, __qword_ptr[rdi + 40]);
        _c.mov(s_halfSums, __qword_ptr[rdi + 48]);
        _c.mov(s_step, __qword_ptr[rdi + 56]);
        _c.mov(s_ahead, __qword_ptr[rdi + 80]);
        _c.add(s_ahead, s_rows);
        _c.vpxor(xmm0, xmm0, xmm0);
    }

    /// <summary>(p0 + p2) + (p1 + p3) of the four rows.</summary>
    private void EndTile()
    {
        _c.vextractf64x4(ymm1, s_partials, 1);
        _c.vaddps(ymm0, ymm0, ymm1);
        _c.vextractf128(xmm1, ymm0, 1);
        _c.vaddps(xmm0, xmm0, xmm1);
        _c.vmovups(__xmmword_ptr[s_y], xmm0);
        _c.add(s_y, 16);
        _c.lea(s_rows, __[s_rows + (s_stride * 4)]);
    }

    /// <summary>Asks for as many bytes as a step of four rows consumes, in the rows to come, which follow in memory.</summary>
    private void Prefetch()
    {
        for (int at = 0; at < RowTile * StepBytes; at += 64)
        {
            _c.prefetcht0(__byte_ptr[s_ahead + at]);
        }
        _c.add(s_ahead, RowTile * StepBytes);
    }

    private void Step()
    {
        if (!IsSuper(_type))
        {
            Group(0, QuantizedActivations.GroupBlocks);
            return;
        }
        SuperFactors();
        Group(0, QuantizedActivations.GroupBlocks);
        Group(1, QuantizedActivations.GroupBlocks);
    }

    /// <summary>A group of four blocks (fewer in a row's tail) of four rows.</summary>
    private void Group(int group, int blocks)
    {
        _c.vmovdqu64(s_xFirst, __zmmword_ptr[s_quants]);
        _c.vmovdqu64(s_xSecond, __zmmword_ptr[s_quants + QuantizedActivations.SecondHalf]);
        StartSums();
        for (int row = 0; row < RowTile; row++)
        {
            Unpack(row, group, blocks);
            Multiply(row);
        }
        if (_type == GgmlType.Q6_K)
        {
            CombineHalves(group);
        }
        else
        {
            Transpose(Sum);
            _c.vcvtdq2ps(zmm1, zmm1);
        }
        if (!IsSuper(_type))
        {
            BlockFactors(blocks);
        }
        Accumulate(group == 0 ? s_scale : s_scale2, group == 0 ? s_minimum : s_minimum2);
        _c.add(s_quants, QuantizedActivations.GroupLength);
        _c.add(s_scales, 64);
        _c.add(s_scaledSums, 64);
        _c.add(s_halfSums, 16);
    }

    /// <summary>Sums start at minus the offset times the sum of the activations, once in each lane.</summary>
    private void StartSums()
    {
        if (!HasOffset)
        {
            return;
        }
        _c.vmovdqu(xmm9, __xmmword_ptr[s_halfSums]);
        switch (_type)
        {
            case GgmlType.Q6_K:
                Start(s_start, RowConstants.Minus32First);
                Start(s_start2, RowConstants.Minus32Second);
                break;
            case GgmlType.Q8_0:
                Start(s_start, RowConstants.Minus128);
                break;
            case GgmlType.Q5_0:
                Start(s_start, RowConstants.Minus16);
                break;
            default:
                Start(s_start, RowConstants.Minus8);
                break;
        }
    }

    private void Start(AssemblerRegisterZMM start, int factors)
    {
        _c.vpmaddwd(xmm10, xmm9, __xmmword_ptr[s_constants + factors]);
        _c.vpmovzxdq(ymm10, xmm10);
        _c.vpermq(start.k3.z, s_laneFirst, zmm10);
    }

    private void Multiply(int row)
    {
        if (HasOffset)
        {
            _c.vmovdqa64(Sum(row), s_start);
        }
        else
        {
            // The short form: processors know it to depend on nothing.
            AssemblerRegisterXMM low = row switch { 0 => xmm1, 1 => xmm2, 2 => xmm3, _ => xmm4 };
            _c.vpxor(low, low, low);
        }
        _c.vpdpbusd(Sum(row), s_first, s_xFirst);
        if (_type == GgmlType.Q6_K)
        {
            _c.vmovdqa64(SecondSum(row), s_start2);
            _c.vpdpbusd(SecondSum(row), s_second, s_xSecond);
        }
        else
        {
            _c.vpdpbusd(Sum(row), s_second, s_xSecond);
        }
    }

    /// <summary>Adds up the four integers of each lane, from four rows to [4 blocks, 4 rows], into the first register.</summary>
    private void Transpose(Func<int, AssemblerRegisterZMM> sum)
    {
        Combine(zmm9, sum(0), sum(1));
        Combine(zmm10, sum(2), sum(3));
        _c.vpunpcklqdq(zmm11, zmm9, zmm10);
        _c.vpunpckhqdq(zmm12, zmm9, zmm10);
        _c.vpaddd(sum(0), zmm11, zmm12);
    }

    private void Combine(AssemblerRegisterZMM to, AssemblerRegisterZMM a, AssemblerRegisterZMM b)
    {
        _c.vpunpckldq(zmm11, a, b);
        _c.vpunpckhdq(zmm12, a, b);
        _c.vpaddd(to, zmm11, zmm12);
    }

    /// <summary>p = fma(weight scale * scale, I, p), then p = fma(m, scaled sum, p).</summary>
    private void Accumulate(AssemblerRegisterZMM scale, AssemblerRegisterZMM minimum)
    {
        _c.vmovups(zmm9, __zmmword_ptr[s_scales]);
        _c.vpermilps(zmm9, zmm9, s_pick);
        _c.vmulps(zmm9, zmm9, scale);
        _c.vfmadd231ps(s_partials, zmm9, zmm1);
        if (HasMinimums)
        {
            _c.vmovups(zmm10, __zmmword_ptr[s_scaledSums]);
            _c.vpermilps(zmm10, zmm10, s_pick);
            _c.vfmadd231ps(s_partials, minimum, zmm10);
        }
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
