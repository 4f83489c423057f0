using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Formats with super-blocks of 256: how quants and factors are unpacked. Layouts are those of <c>src/Quant</c>.</summary>
internal sealed partial class RowAssembler
{
    // Q6_K: low bits [128], high bits [64], scales [16], d. Q5_K: d, dmin, scales [12], fifth bits [32], low bits [128]. Q4_K: the same without fifth bits.
    private const int HighBits6 = 128, Scales6 = 192, D6 = 208, FifthBits5 = 16, Quants5 = 48, Quants4 = 16;

    private void UnpackSuper(int row, int group)
    {
        int quants = _type switch { GgmlType.Q4_K => Quants4, GgmlType.Q5_K => Quants5, _ => 0 };
        _c.vmovdqu64(zmm10, __zmmword_ptr[At(row, quants + 64 * group)]);
        _c.vpandd(zmm9, zmm10, s_lowNibbles);
        _c.vpsrlw(zmm10, zmm10, 4);
        _c.vpandd(zmm10, zmm10, s_lowNibbles);
        switch (_type)
        {
            case GgmlType.Q5_K:
                // Bit k of a byte belongs to block k: those of this group's blocks 0 and 2, then 1 and 3, go to bit 4.
                _c.vbroadcasti64x4(zmm11, __ymmword_ptr[At(row, FifthBits5)]);
                OrShifted(zmm9, group == 0, group == 0 ? RowConstants.Shift42 : RowConstants.Shift02);
                OrShifted(zmm10, group == 0, group == 0 ? RowConstants.Shift31 : RowConstants.Shift13);
                break;
            case GgmlType.Q6_K:
                // Blocks 0 to 3 have two bits each of a byte, from the lowest on: all go to bits 4 and 5.
                _c.vbroadcasti64x4(zmm11, __ymmword_ptr[At(row, HighBits6 + 32 * group)]);
                OrShifted(zmm9, true, RowConstants.Shift42);
                OrShifted(zmm10, false, RowConstants.Shift02);
                break;
        }
        Rearrange();
    }

    private void OrShifted(AssemblerRegisterZMM quants, bool left, int shifts)
    {
        if (left)
        {
            _c.vpsllvd(zmm12, zmm11, __zmmword_ptr[s_constants + shifts]);
        }
        else
        {
            _c.vpsrlvd(zmm12, zmm11, __zmmword_ptr[s_constants + shifts]);
        }
        // quants |= shifted & mask, in one instruction: the truth table of a | (b & c).
        _c.vpternlogd(quants, zmm12, s_extra, 0xF8);
    }

    /// <summary>Factors of a super-block of four rows: both groups' scales and minimums [4 blocks, 4 rows].</summary>
    private void SuperFactors()
    {
        if (_type == GgmlType.Q6_K)
        {
            _c.vpxor(xmm9, xmm9, xmm9);
            for (int row = 0; row < RowTile; row++)
            {
                _c.vpinsrw(xmm9, xmm9, __word_ptr[At(row, D6)], (byte)row);
            }
            _c.vcvtph2ps(xmm9, xmm9);
            _c.vshuff32x4(s_scale, zmm9, zmm9, 0);
            _c.vmovaps(s_scale2, s_scale);
            return;
        }
        // Each row starts with 16 bytes: d and dmin, then three times four bytes of packed numbers. Transposed: the same piece of four rows together.
        _c.vmovdqu(xmm1, __xmmword_ptr[At(0, 0)]);
        _c.vmovdqu(xmm2, __xmmword_ptr[At(1, 0)]);
        _c.vmovdqu(xmm3, __xmmword_ptr[At(2, 0)]);
        _c.vmovdqu(xmm4, __xmmword_ptr[At(3, 0)]);
        _c.vpunpckldq(xmm9, xmm1, xmm2);
        _c.vpunpckldq(xmm10, xmm3, xmm4);
        _c.vpunpckhdq(xmm11, xmm1, xmm2);
        _c.vpunpckhdq(xmm12, xmm3, xmm4);
        _c.vpunpcklqdq(xmm1, xmm9, xmm10);  // d, dmin
        _c.vpunpckhqdq(xmm2, xmm9, xmm10);  // bytes 0 to 3
        _c.vpunpcklqdq(xmm3, xmm11, xmm12); // bytes 4 to 7
        _c.vpunpckhqdq(xmm4, xmm11, xmm12); // bytes 8 to 11

        _c.vpshufb(xmm1, xmm1, __xmmword_ptr[s_constants + RowConstants.WordsApart]);
        _c.vcvtph2ps(ymm1, xmm1);
        _c.vshuff32x4(zmm13, zmm1, zmm1, 0b00_00_00_00); // d
        _c.vshuff32x4(zmm14, zmm1, zmm1, 0b01_01_01_01); // dmin
        // m = -(dmin * minimum): the sign of a product is free of rounding.
        _c.vpxord(zmm14, zmm14, __zmmword_ptr[s_constants + RowConstants.Sign]);

        // Blocks 0 to 3: the low six bits. Blocks 4 to 7: four bits of the last four bytes, and the two high ones of the first or second four.
        _c.vpand(xmm9, xmm2, __xmmword_ptr[s_constants + RowConstants.SixBits]);
        _c.vpand(xmm10, xmm3, __xmmword_ptr[s_constants + RowConstants.SixBits]);
        Factor(s_scale, xmm9, zmm13);
        Factor(s_minimum, xmm10, zmm14);
        _c.vpsrld(xmm2, xmm2, 2);
        _c.vpsrld(xmm3, xmm3, 2);
        _c.vpand(xmm2, xmm2, __xmmword_ptr[s_constants + RowConstants.Bits45]);
        _c.vpand(xmm3, xmm3, __xmmword_ptr[s_constants + RowConstants.Bits45]);
        _c.vpand(xmm9, xmm4, __xmmword_ptr[s_constants + RowConstants.Nibbles32]);
        _c.vpsrld(xmm4, xmm4, 4);
        _c.vpand(xmm10, xmm4, __xmmword_ptr[s_constants + RowConstants.Nibbles32]);
        _c.vpor(xmm9, xmm9, xmm2);
        _c.vpor(xmm10, xmm10, xmm3);
        Factor(s_scale2, xmm9, zmm13);
        Factor(s_minimum2, xmm10, zmm14);
    }

    /// <summary>From bytes [4 rows, 4 blocks] to float32 [4 blocks, 4 rows], times d.</summary>
    private void Factor(AssemblerRegisterZMM to, AssemblerRegisterXMM numbers, AssemblerRegisterZMM d)
    {
        _c.vpshufb(numbers, numbers, __xmmword_ptr[s_constants + RowConstants.Transpose]);
        _c.vpmovzxbd(to, numbers);
        _c.vcvtdq2ps(to, to);
        _c.vmulps(to, to, d);
    }

    /// <summary>Q6_K: I = sc0 * sum of the first half + sc1 * sum of the second, as float32; every number is an integer below 2^24, so exact.</summary>
    private void CombineHalves(int group)
    {
        Transpose(Sum);
        _c.vcvtdq2ps(zmm1, zmm1);
        Transpose(SecondSum);
        _c.vcvtdq2ps(zmm13, zmm13);
        // Scales of a row: [4 blocks, 2 halves] bytes. Of two rows: [first halves: 4 blocks, 2 rows; second halves likewise].
        _c.vmovq(xmm9, __qword_ptr[At(0, Scales6 + 8 * group)]);
        _c.vpinsrq(xmm9, xmm9, __qword_ptr[At(1, Scales6 + 8 * group)], 1);
        _c.vmovq(xmm10, __qword_ptr[At(2, Scales6 + 8 * group)]);
        _c.vpinsrq(xmm10, xmm10, __qword_ptr[At(3, Scales6 + 8 * group)], 1);
        _c.vpshufb(xmm9, xmm9, __xmmword_ptr[s_constants + RowConstants.HalvesApart]);
        _c.vpshufb(xmm10, xmm10, __xmmword_ptr[s_constants + RowConstants.HalvesApart]);
        // Words of two rows interleave to four.
        _c.vpunpcklwd(xmm11, xmm9, xmm10);
        _c.vpunpckhwd(xmm12, xmm9, xmm10);
        _c.vpmovsxbd(zmm11, xmm11);
        _c.vpmovsxbd(zmm12, xmm12);
        _c.vcvtdq2ps(zmm11, zmm11);
        _c.vcvtdq2ps(zmm12, zmm12);
        _c.vmulps(zmm1, zmm1, zmm11);
        _c.vfmadd231ps(zmm1, zmm13, zmm12);
    }
}
