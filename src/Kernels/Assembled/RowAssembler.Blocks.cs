using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Formats with blocks of 32: how quants and factors are unpacked. Block layouts are those of <c>src/Quant</c>.</summary>
internal sealed partial class RowAssembler
{
    private int BlockBytes => GgmlTypes.BlockBytes(_type);

    /// <summary>Where in a block its quants start.</summary>
    private int QuantOffset => _type switch { GgmlType.Q8_0 or GgmlType.Q4_0 => 2, GgmlType.Q4_1 => 4, GgmlType.Q5_0 => 6, _ => 8 };

    /// <summary>Unpacks the quants of a group of a row into s_first and s_second.</summary>
    private void Unpack(int row, int group, int blocks)
    {
        switch (_type)
        {
            case GgmlType.Q8_0:
                UnpackBytes(row, blocks);
                break;
            case GgmlType.Q4_K or GgmlType.Q5_K or GgmlType.Q6_K:
                UnpackSuper(row, group);
                break;
            default:
                UnpackNibbles(row, blocks);
                if (_type is GgmlType.Q5_0 or GgmlType.Q5_1)
                {
                    AddFifthBits(row, blocks);
                }
                break;
        }
    }

    private void UnpackBytes(int row, int blocks)
    {
        BytesOfTwo(zmm9, ymm9, row, 0, blocks);
        BytesOfTwo(zmm10, ymm10, row, 2, blocks);
        _c.vpxord(zmm9, zmm9, s_extra);
        _c.vpxord(zmm10, zmm10, s_extra);
        Rearrange();
    }

    /// <summary>Blocks that the row does not have are zeros.</summary>
    private void BytesOfTwo(AssemblerRegisterZMM to, AssemblerRegisterYMM lower, int row, int block, int blocks)
    {
        if (block >= blocks)
        {
            _c.vpxord(to, to, to);
            return;
        }
        _c.vmovdqu(lower, __ymmword_ptr[At(row, block * BlockBytes + QuantOffset)]);
        if (block + 1 < blocks)
        {
            _c.vinserti64x4(to, to, __ymmword_ptr[At(row, (block + 1) * BlockBytes + QuantOffset)], 1);
        }
    }

    /// <summary>From zmm9 and zmm10, whole blocks side by side, to first and second halves.</summary>
    private void Rearrange()
    {
        _c.vmovdqa64(s_first, zmm9);
        _c.vpermt2q(s_first, s_permuteFirst, zmm10);
        _c.vpermt2q(zmm9, s_permuteSecond, zmm10);
        _c.vmovdqa64(s_second, zmm9);
    }

    private void UnpackNibbles(int row, int blocks)
    {
        _c.vmovdqu(xmm9, __xmmword_ptr[At(row, QuantOffset)]);
        for (int block = 1; block < blocks; block++)
        {
            _c.vinserti32x4(zmm9, zmm9, __xmmword_ptr[At(row, block * BlockBytes + QuantOffset)], (byte)block);
        }
        _c.vpandd(s_first, zmm9, s_lowNibbles);
        _c.vpsrlw(zmm9, zmm9, 4);
        _c.vpandd(s_second, zmm9, s_lowNibbles);
    }

    /// <summary>Bit i of a block's 32-bit field belongs to weight i: the fields' lower halves are the mask of the first halves.</summary>
    private void AddFifthBits(int row, int blocks)
    {
        int field = QuantOffset - 4;
        _c.vmovd(xmm9, __dword_ptr[At(row, field)]);
        for (int block = 1; block < blocks; block++)
        {
            _c.vpinsrd(xmm9, xmm9, __dword_ptr[At(row, block * BlockBytes + field)], (byte)block);
        }
        _c.vpshufb(xmm9, xmm9, __xmmword_ptr[s_constants + RowConstants.WordsApart]);
        _c.vmovq(s_spare, xmm9);
        _c.kmovq(k1, s_spare);
        _c.vpextrq(s_spare, xmm9, 1);
        _c.kmovq(k2, s_spare);
        _c.vpaddb(s_first.k1, s_first, s_extra);
        _c.vpaddb(s_second.k2, s_second, s_extra);
    }

    /// <summary>Scales (and minimums) of a group of four rows, widened, [4 blocks, 4 rows]; 0 for blocks that are not there.</summary>
    private void BlockFactors(int blocks)
    {
        if (HasMinimums)
        {
            Pairs(blocks);
            return;
        }
        // Two blocks to a register: [block, 4 rows] words.
        Halves(xmm9, 0, blocks);
        Halves(xmm10, 2, blocks);
        _c.vinserti128(ymm9, ymm9, xmm10, 1);
        _c.vcvtph2ps(s_scale, ymm9);
    }

    private void Halves(AssemblerRegisterXMM to, int block, int blocks)
    {
        _c.vpxor(to, to, to);
        for (int i = 0; i < 2 && block + i < blocks; i++)
        {
            for (int row = 0; row < RowTile; row++)
            {
                _c.vpinsrw(to, to, __word_ptr[At(row, (block + i) * BlockBytes)], (byte)(RowTile * i + row));
            }
        }
    }

    /// <summary>Two halves that follow each other, scale and minimum, as one 32-bit number.</summary>
    private void Pairs(int blocks)
    {
        for (int block = 0; block < blocks; block++)
        {
            AssemblerRegisterXMM to = block == 0 ? xmm9 : xmm10;
            _c.vmovd(to, __dword_ptr[At(0, block * BlockBytes)]);
            for (int row = 1; row < RowTile; row++)
            {
                _c.vpinsrd(to, to, __dword_ptr[At(row, block * BlockBytes)], (byte)row);
            }
            if (block > 0)
            {
                _c.vinserti32x4(zmm9, zmm9, xmm10, (byte)block);
            }
        }
        _c.vpmovdw(ymm10, zmm9);
        _c.vpsrld(zmm9, zmm9, 16);
        _c.vpmovdw(ymm11, zmm9);
        _c.vcvtph2ps(s_scale, ymm10);
        _c.vcvtph2ps(s_minimum, ymm11);
    }
}
