using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Writes the kernel for one token: a row's products are added up where they arise, four integers in each lane, and those of four rows transposed to
/// [4 blocks, 4 rows].
/// </summary>
internal sealed class SingleRowAssembler : RowAssembler
{
    private static readonly AssemblerRegister64 s_quants = rdx, s_scales = rsi, s_scaledSums = r8, s_halfSums = r9;

    // zmm0: partial sums. zmm1 to 4: integer sums of the four rows, zmm13 to 16 those of second halves where they are apart.
    private static readonly AssemblerRegisterZMM s_partials = zmm0, s_first = zmm5, s_second = zmm6, s_xFirst = zmm17, s_xSecond = zmm18;
    private static readonly AssemblerRegisterZMM s_start = zmm19, s_start2 = zmm20, s_laneFirst = zmm26, s_pick = zmm27;

    private SingleRowAssembler(Assembler assembler, GgmlType type, int tail)
        : base(assembler, type, tail)
    {
    }

    /// <inheritdoc/>
    protected override int Tiles => 1;

    /// <summary>Appends the kernel for a format.</summary>
    /// <param name="assembler">Where to.</param>
    /// <param name="type">One of <see cref="RowAssembler.Types"/>.</param>
    /// <param name="tail">Blocks beyond whole steps, 0 to <see cref="RowAssembler.MaxTail"/>.</param>
    public static void Write(Assembler assembler, GgmlType type, int tail) => new SingleRowAssembler(assembler, type, tail).Write();

    private static AssemblerRegisterZMM Sum(int row) => row switch { 0 => zmm1, 1 => zmm2, 2 => zmm3, _ => zmm4 };

    private static AssemblerRegisterZMM SecondSum(int row) => row switch { 0 => zmm13, 1 => zmm14, 2 => zmm15, _ => zmm16 };

    /// <inheritdoc/>
    protected override void Enter()
    {
        Code.vpbroadcastd(s_pick, __dword_ptr[Field(nameof(RowCall.TileToken))]);
        Load(s_laneFirst, RowConstants.LaneFirst);
        // The first 64 bits of each lane.
        Code.mov(ebp, 0x55);
        Code.kmovw(k3, ebp);
    }

    /// <inheritdoc/>
    protected override void BeginTiles()
    {
        Code.mov(s_quants, Field(nameof(RowCall.Quants)));
        Code.mov(s_scales, Field(nameof(RowCall.Scales)));
        Code.mov(s_scaledSums, Field(nameof(RowCall.ScaledSums)));
        Code.mov(s_halfSums, Field(nameof(RowCall.HalfSums)));
        Code.vpxor(xmm0, xmm0, xmm0);
    }

    /// <inheritdoc/>
    protected override void EndTiles()
    {
        Fold();
        Code.mov(rbp, Field(nameof(RowCall.Y)));
        Code.vmovups(__xmmword_ptr[rbp], xmm0);
        Code.add(Field(nameof(RowCall.Y)), TileRows * sizeof(float));
    }

    /// <inheritdoc/>
    protected override void SuperBlock() => SuperFactors();

    /// <inheritdoc/>
    protected override void Group(int group, int blocks)
    {
        Code.vmovdqu64(s_xFirst, __zmmword_ptr[s_quants]);
        Code.vmovdqu64(s_xSecond, __zmmword_ptr[s_quants + QuantizedActivations.SecondHalf]);
        StartSums();
        for (int row = 0; row < TileRows; row++)
        {
            Unpack(row, group, blocks, s_first, s_second);
            Multiply(row);
        }
        Transpose(Sum);
        Code.vcvtdq2ps(zmm1, zmm1);
        if (HasHalves)
        {
            CombineHalves(group);
        }
        if (!IsSuper)
        {
            BlockFactors(blocks);
        }
        Accumulate(Scale(group), Minimum(group));
        Code.add(s_quants, QuantizedActivations.GroupLength);
        Code.add(s_scales, 64);
        Code.add(s_scaledSums, 64);
        Code.add(s_halfSums, 16);
    }

    /// <summary>Sums start at minus the offset times the sum of the activations, once in each lane.</summary>
    private void StartSums()
    {
        if (!HasOffset)
        {
            return;
        }
        Code.vmovdqu(xmm9, __xmmword_ptr[s_halfSums]);
        Start(s_start, MinusOffset);
        if (HasHalves)
        {
            Start(s_start2, MinusSecondOffset);
        }
    }

    private void Start(AssemblerRegisterZMM start, int factors)
    {
        Code.vpmaddwd(xmm10, xmm9, __xmmword_ptr[Constant(factors)]);
        Code.vpmovzxdq(ymm10, xmm10);
        Code.vpermq(start.k3.z, s_laneFirst, zmm10);
    }

    private void Multiply(int row)
    {
        if (HasOffset)
        {
            Code.vmovdqa64(Sum(row), s_start);
        }
        else
        {
            // The short form: processors know it to depend on nothing.
            AssemblerRegisterXMM low = row switch { 0 => xmm1, 1 => xmm2, 2 => xmm3, _ => xmm4 };
            Code.vpxor(low, low, low);
        }
        Code.vpdpbusd(Sum(row), s_first, s_xFirst);
        if (HasHalves)
        {
            Code.vmovdqa64(SecondSum(row), s_start2);
            Code.vpdpbusd(SecondSum(row), s_second, s_xSecond);
        }
        else
        {
            Code.vpdpbusd(Sum(row), s_second, s_xSecond);
        }
    }

    /// <summary>Adds up the four integers of each lane, from four rows to [4 blocks, 4 rows], into the first register.</summary>
    private void Transpose(Func<int, AssemblerRegisterZMM> sum)
    {
        Combine(zmm9, sum(0), sum(1));
        Combine(zmm10, sum(2), sum(3));
        Code.vpunpcklqdq(zmm11, zmm9, zmm10);
        Code.vpunpckhqdq(zmm12, zmm9, zmm10);
        Code.vpaddd(sum(0), zmm11, zmm12);
    }

    private void Combine(AssemblerRegisterZMM to, AssemblerRegisterZMM a, AssemblerRegisterZMM b)
    {
        Code.vpunpckldq(zmm11, a, b);
        Code.vpunpckhdq(zmm12, a, b);
        Code.vpaddd(to, zmm11, zmm12);
    }

    /// <summary>I = sc0 * sum of the first half + sc1 * sum of the second, as float32; every number is an integer below 2^24, so exact.</summary>
    private void CombineHalves(int group)
    {
        Transpose(SecondSum);
        Code.vcvtdq2ps(zmm13, zmm13);
        HalfScales(group);
        Code.vmulps(zmm1, zmm1, zmm11);
        Code.vfmadd231ps(zmm1, zmm13, zmm12);
    }

    /// <summary>p = fma(weight scale * scale, I, p), then p = fma(m, scaled sum, p).</summary>
    private void Accumulate(AssemblerRegisterZMM scale, AssemblerRegisterZMM minimum)
    {
        Code.vmovups(zmm9, __zmmword_ptr[s_scales]);
        Code.vpermilps(zmm9, zmm9, s_pick);
        Code.vmulps(zmm9, zmm9, scale);
        Code.vfmadd231ps(s_partials, zmm9, zmm1);
        if (HasMinimums)
        {
            Code.vmovups(zmm10, __zmmword_ptr[s_scaledSums]);
            Code.vpermilps(zmm10, zmm10, s_pick);
            Code.vfmadd231ps(s_partials, minimum, zmm10);
        }
    }
}
