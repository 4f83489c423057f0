using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Formats with blocks of 32: how quants and factors are unpacked. Block layouts are those of <c>src/Quant</c>.</summary>
internal abstract partial class RowAssembler
{
    private int BlockBytes => GgmlTypes.BlockBytes(Type);

    /// <summary>Where in a block its quants start.</summary>
    private int QuantOffset => Type switch { GgmlType.Q8_0 or GgmlType.Q4_0 => 2, GgmlType.Q4_1 => 4, GgmlType.Q5_0 => 6, _ => 8 };

    /// <summary>The vector of <see cref="RowConstants"/> that sums of half blocks are multiplied by for what integer sums start with; in Q6_K those of first halves.</summary>
    protected int MinusOffset => Type switch
    {
        GgmlType.Q6_K => RowConstants.Minus32First,
        GgmlType.Q8_0 => RowConstants.Minus128,
        GgmlType.Q5_0 => RowConstants.Minus16,
        _ => RowConstants.Minus8,
    };

    /// <summary>In Q6_K, likewise those of second halves.</summary>
    protected static int MinusSecondOffset => RowConstants.Minus32Second;

    /// <summary>Unpacks the quants of a group of a row.</summary>
    /// <param name="row">Which of the four.</param>
    /// <param name="group">Which group of a super-block; 0 in other formats.</param>
    /// <param name="blocks">Blocks that the group has.</param>
    /// <param name="first">Where to: first halves of the blocks.</param>
    /// <param name="second">Second halves.</param>
    protected void Unpack(int row, int group, int blocks, AssemblerRegisterZMM first, AssemblerRegisterZMM second)
    {
        switch (Type)
        {
            case GgmlType.Q8_0:
                UnpackBytes(row, blocks, first, second);
                break;
            case GgmlType.Q4_K or GgmlType.Q5_K or GgmlType.Q6_K:
                UnpackSuper(row, group, first, second);
                break;
            default:
                UnpackNibbles(row, blocks, first, second);
                if (Type is GgmlType.Q5_0 or GgmlType.Q5_1)
                {
                    AddFifthBits(row, blocks, first, second);
                }
                break;
        }
    }

    private void UnpackBytes(int row, int blocks, AssemblerRegisterZMM first, AssemblerRegisterZMM second)
    {
        BytesOfTwo(zmm9, ymm9, row, 0, blocks);
        BytesOfTwo(zmm10, ymm10, row, 2, blocks);
        Code.vpxord(zmm9, zmm9, s_extra);
        Code.vpxord(zmm10, zmm10, s_extra);
        Rearrange(first, second);
    }

    /// <summary>Blocks that the row does not have are zeros.</summary>
    private void BytesOfTwo(AssemblerRegisterZMM to, AssemblerRegisterYMM lower, int row, int block, int blocks)
    {
        if (block >= blocks)
        {
            Code.vpxord(to, to, to);
            return;
        }
        Code.vmovdqu(lower, __ymmword_ptr[At(row, block * BlockBytes + QuantOffset)]);
        if (block + 1 < blocks)
        {
            Code.vinserti64x4(to, to, __ymmword_ptr[At(row, (block + 1) * BlockBytes + QuantOffset)], 1);
        }
    }

    /// <summary>From zmm9 and zmm10, whole blocks side by side, to first and second halves.</summary>
    private void Rearrange(AssemblerRegisterZMM first, AssemblerRegisterZMM second)
    {
        Code.vmovdqa64(first, zmm9);
        Code.vpermt2q(first, s_permuteFirst, zmm10);
        Code.vpermt2q(zmm9, s_permuteSecond, zmm10);
        Code.vmovdqa64(second, zmm9);
    }

    private void UnpackNibbles(int row, int blocks, AssemblerRegisterZMM first, AssemblerRegisterZMM second)
    {
        Code.vmovdqu(xmm9, __xmmword_ptr[At(row, QuantOffset)]);
        for (int block = 1; block < blocks; block++)
        {
            Code.vinserti32x4(zmm9, zmm9, __xmmword_ptr[At(row, block * BlockBytes + QuantOffset)], (byte)block);
        }
        Code.vpandd(first, zmm9, s_lowNibbles);
        Code.vpsrlw(zmm9, zmm9, 4);
        Code.vpandd(second, zmm9, s_lowNibbles);
    }

    /// <summary>Bit i of a block's 32-bit field belongs to weight i: the fields' lower halves are the mask of the first halves.</summary>
    private void AddFifthBits(int row, int blocks, AssemblerRegisterZMM first, AssemblerRegisterZMM second)
    {
        int field = QuantOffset - 4;
        Code.vmovd(xmm9, __dword_ptr[At(row, field)]);
        for (int block = 1; block < blocks; block++)
        {
            Code.vpinsrd(xmm9, xmm9, __dword_ptr[At(row, block * BlockBytes + field)], (byte)block);
        }
        Code.vpshufb(xmm9, xmm9, __xmmword_ptr[Constant(RowConstants.WordsApart)]);
        Code.vmovq(s_spare, xmm9);
        Code.kmovq(k1, s_spare);
        Code.vpextrq(s_spare, xmm9, 1);
        Code.kmovq(k2, s_spare);
        Code.vpaddb(first.k1, first, s_extra);
        Code.vpaddb(second.k2, second, s_extra);
    }

    /// <summary>Scales (and minimums) of a group of four rows, widened, [4 blocks, 4 rows]; 0 for blocks that are not there.</summary>
    protected void BlockFactors(int blocks)
    {
        if (HasMinimums)
        {
            Pairs(blocks);
            return;
        }
        // Two blocks to a register: [block, 4 rows] words.
        Halves(xmm9, 0, blocks);
        Halves(xmm10, 2, blocks);
        Code.vinserti128(ymm9, ymm9, xmm10, 1);
        Code.vcvtph2ps(Scale(0), ymm9);
    }

    private void Halves(AssemblerRegisterXMM to, int block, int blocks)
    {
        Code.vpxor(to, to, to);
        for (int i = 0; i < 2 && block + i < blocks; i++)
        {
            for (int row = 0; row < TileRows; row++)
            {
                Code.vpinsrw(to, to, __word_ptr[At(row, (block + i) * BlockBytes)], (byte)(TileRows * i + row));
            }
        }
    }

    /// <summary>Two halves that follow each other, scale and minimum, as one 32-bit number.</summary>
    private void Pairs(int blocks)
    {
        for (int block = 0; block < blocks; block++)
        {
            AssemblerRegisterXMM to = block == 0 ? xmm9 : xmm10;
            Code.vmovd(to, __dword_ptr[At(0, block * BlockBytes)]);
            for (int row = 1; row < TileRows; row++)
            {
                Code.vpinsrd(to, to, __dword_ptr[At(row, block * BlockBytes)], (byte)row);
            }
            if (block > 0)
            {
                Code.vinserti32x4(zmm9, zmm9, xmm10, (byte)block);
            }
        }
        Code.vpmovdw(ymm10, zmm9);
        Code.vpsrld(zmm9, zmm9, 16);
        Code.vpmovdw(ymm11, zmm9);
        Code.vcvtph2ps(Scale(0), ymm10);
        Code.vcvtph2ps(Minimum(0), ymm11);
    }
}
