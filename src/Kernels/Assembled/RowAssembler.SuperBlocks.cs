using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Formats with super-blocks of 256: how quants and factors are unpacked. Layouts are those of <c>src/Quant</c>.</summary>
internal abstract partial class RowAssembler
{
    // Q6_K: low bits [128], high bits [64], scales [16], d. Q5_K: d, dmin, scales [12], fifth bits [32], low bits [128]. Q4_K: the same without fifth bits.
    private const int HighBits6 = 128, Scales6 = 192, D6 = 208, FifthBits5 = 16, Quants5 = 48, Quants4 = 16;

    private void UnpackSuper(int row, int group, AssemblerRegisterZMM first, AssemblerRegisterZMM second)
    {
        int quants = Type switch { GgmlType.Q4_K => Quants4, GgmlType.Q5_K => Quants5, _ => 0 };
        Code.vmovdqu64(zmm10, __zmmword_ptr[At(row, quants + 64 * group)]);
        Code.vpandd(zmm9, zmm10, s_lowNibbles);
        Code.vpsrlw(zmm10, zmm10, 4);
        Code.vpandd(zmm10, zmm10, s_lowNibbles);
        switch (Type)
        {
            case GgmlType.Q5_K:
                // Bit k of a byte belongs to block k: those of this group's blocks 0 and 2, then 1 and 3, go to bit 4.
                Code.vbroadcasti64x4(zmm11, __ymmword_ptr[At(row, FifthBits5)]);
                OrShifted(zmm9, group == 0, group == 0 ? RowConstants.Shift42 : RowConstants.Shift02);
                OrShifted(zmm10, group == 0, group == 0 ? RowConstants.Shift31 : RowConstants.Shift13);
                break;
            case GgmlType.Q6_K:
                // Blocks 0 to 3 have two bits each of a byte, from the lowest on: all go to bits 4 and 5.
                Code.vbroadcasti64x4(zmm11, __ymmword_ptr[At(row, HighBits6 + 32 * group)]);
                OrShifted(zmm9, true, RowConstants.Shift42);
                OrShifted(zmm10, false, RowConstants.Shift02);
                break;
        }
        Rearrange(first, second);
    }

    private void OrShifted(AssemblerRegisterZMM quants, bool left, int shifts)
    {
        if (left)
        {
            Code.vpsllvd(zmm12, zmm11, __zmmword_ptr[Constant(shifts)]);
        }
        else
        {
            Code.vpsrlvd(zmm12, zmm11, __zmmword_ptr[Constant(shifts)]);
        }
        // quants |= shifted & mask, in one instruction: the truth table of a | (b & c).
        Code.vpternlogd(quants, zmm12, s_extra, 0xF8);
    }

    /// <summary>Factors of a super-block of four rows: both groups' scales and minimums [4 blocks, 4 rows].</summary>
    protected void SuperFactors()
    {
        if (Type == GgmlType.Q6_K)
        {
            Code.vpxor(xmm9, xmm9, xmm9);
            for (int row = 0; row < TileRows; row++)
            {
                Code.vpinsrw(xmm9, xmm9, __word_ptr[At(row, D6)], (byte)row);
            }
            Code.vcvtph2ps(xmm9, xmm9);
            Code.vshuff32x4(Scale(0), zmm9, zmm9, 0);
            Code.vmovaps(Scale(1), Scale(0));
            return;
        }
        // Each row starts with 16 bytes: d and dmin, then three times four bytes of packed numbers. Transposed: the same piece of four rows together.
        Code.vmovdqu(xmm1, __xmmword_ptr[At(0, 0)]);
        Code.vmovdqu(xmm2, __xmmword_ptr[At(1, 0)]);
        Code.vmovdqu(xmm3, __xmmword_ptr[At(2, 0)]);
        Code.vmovdqu(xmm4, __xmmword_ptr[At(3, 0)]);
        Code.vpunpckldq(xmm9, xmm1, xmm2);
        Code.vpunpckldq(xmm10, xmm3, xmm4);
        Code.vpunpckhdq(xmm11, xmm1, xmm2);
        Code.vpunpckhdq(xmm12, xmm3, xmm4);
        Code.vpunpcklqdq(xmm1, xmm9, xmm10);  // d, dmin
        Code.vpunpckhqdq(xmm2, xmm9, xmm10);  // bytes 0 to 3
        Code.vpunpcklqdq(xmm3, xmm11, xmm12); // bytes 4 to 7
        Code.vpunpckhqdq(xmm4, xmm11, xmm12); // bytes 8 to 11

        Code.vpshufb(xmm1, xmm1, __xmmword_ptr[Constant(RowConstants.WordsApart)]);
        Code.vcvtph2ps(ymm1, xmm1);
        Code.vshuff32x4(zmm13, zmm1, zmm1, 0b00_00_00_00); // d
        Code.vshuff32x4(zmm14, zmm1, zmm1, 0b01_01_01_01); // dmin
        // m = -(dmin * minimum): the sign of a product is free of rounding.
        Code.vpxord(zmm14, zmm14, __zmmword_ptr[Constant(RowConstants.Sign)]);

        // Blocks 0 to 3: the low six bits. Blocks 4 to 7: four bits of the last four bytes, and the two high ones of the first or second four.
        Code.vpand(xmm9, xmm2, __xmmword_ptr[Constant(RowConstants.SixBits)]);
        Code.vpand(xmm10, xmm3, __xmmword_ptr[Constant(RowConstants.SixBits)]);
        Factor(Scale(0), xmm9, zmm13);
        Factor(Minimum(0), xmm10, zmm14);
        Code.vpsrld(xmm2, xmm2, 2);
        Code.vpsrld(xmm3, xmm3, 2);
        Code.vpand(xmm2, xmm2, __xmmword_ptr[Constant(RowConstants.Bits45)]);
        Code.vpand(xmm3, xmm3, __xmmword_ptr[Constant(RowConstants.Bits45)]);
        Code.vpand(xmm9, xmm4, __xmmword_ptr[Constant(RowConstants.Nibbles32)]);
        Code.vpsrld(xmm4, xmm4, 4);
        Code.vpand(xmm10, xmm4, __xmmword_ptr[Constant(RowConstants.Nibbles32)]);
        Code.vpor(xmm9, xmm9, xmm2);
        Code.vpor(xmm10, xmm10, xmm3);
        Factor(Scale(1), xmm9, zmm13);
        Factor(Minimum(1), xmm10, zmm14);
    }

    /// <summary>From bytes [4 rows, 4 blocks] to float32 [4 blocks, 4 rows], times d.</summary>
    private void Factor(AssemblerRegisterZMM to, AssemblerRegisterXMM numbers, AssemblerRegisterZMM d)
    {
        Code.vpshufb(numbers, numbers, __xmmword_ptr[Constant(RowConstants.Transpose)]);
        Code.vpmovzxbd(to, numbers);
        Code.vcvtdq2ps(to, to);
        Code.vmulps(to, to, d);
    }

    /// <summary>Q6_K: the integer scales of a group's first and second halves, as float32 [4 blocks, 4 rows], to zmm11 and zmm12.</summary>
    protected void HalfScales(int group)
    {
        // Scales of a row: [4 blocks, 2 halves] bytes. Of two rows: [first halves: 4 blocks, 2 rows; second halves likewise].
        Code.vmovq(xmm9, __qword_ptr[At(0, Scales6 + 8 * group)]);
        Code.vpinsrq(xmm9, xmm9, __qword_ptr[At(1, Scales6 + 8 * group)], 1);
        Code.vmovq(xmm10, __qword_ptr[At(2, Scales6 + 8 * group)]);
        Code.vpinsrq(xmm10, xmm10, __qword_ptr[At(3, Scales6 + 8 * group)], 1);
        Code.vpshufb(xmm9, xmm9, __xmmword_ptr[Constant(RowConstants.HalvesApart)]);
        Code.vpshufb(xmm10, xmm10, __xmmword_ptr[Constant(RowConstants.HalvesApart)]);
        // Words of two rows interleave to four.
        Code.vpunpcklwd(xmm11, xmm9, xmm10);
        Code.vpunpckhwd(xmm12, xmm9, xmm10);
        Code.vpmovsxbd(zmm11, xmm11);
        Code.vpmovsxbd(zmm12, xmm12);
        Code.vcvtdq2ps(zmm11, zmm11);
        Code.vcvtdq2ps(zmm12, zmm12);
    }
}
