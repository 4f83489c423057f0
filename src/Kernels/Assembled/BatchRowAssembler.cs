using Iced.Intel;
using LocalLlm.Gguf;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Writes the kernel for several tokens: a group of eight rows is unpacked into sixteen registers and multiplied by each token in turn, whose partial sums
/// stand in memory. Nothing of the weights is written, and the tokens share what unpacking costs.
/// </summary>
/// <remarks>
/// Quants of four rows are transposed within lanes, as four consecutive ones in 32 bits: [4 blocks, 4 rows, 4 quants]. Four consecutive activations are
/// spread over their lane, by a shuffle that both tiles of four rows share, so that a product lands where it is to be added: for two tiles 16
/// multiplications, 8 shuffles and no sum across a register.
/// </remarks>
internal sealed class BatchRowAssembler : RowAssembler
{
    /// <summary>Rows that the kernel multiplies at a time.</summary>
    public const int Rows = BatchTiles * TileRows;

    /// <summary>Most tokens of a call.</summary>
    public const int MaxTokens = 40;

    /// <summary>Bytes of <see cref="RowCall.Work"/>.</summary>
    public const int WorkBytes = PartialPlace + MaxTokens * TokenPartials;

    private const int BatchTiles = 2, Vector = 64, Quarters = 4;

    // Memory to work in: factors [2 tiles, 2 groups, scale and minimum], integer scales [2 tiles, 2 halves], partial sums [tokens, 2 tiles].
    private const int HalfPlace = BatchTiles * 2 * 2 * Vector, PartialPlace = HalfPlace + BatchTiles * 2 * Vector, TokenPartials = BatchTiles * Vector;

    private static readonly AssemblerRegister64 s_quants = rdx, s_scales = rsi, s_scaledSums = r8, s_halfSums = r9, s_work = r12, s_partials = r13, s_tokens = rbp;

    private static readonly AssemblerRegisterZMM[] s_weights =
        [zmm0, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm26, zmm27, zmm29, zmm30, zmm31];

    // Formats have an offset or minimums, not both.
    private static readonly AssemblerRegisterZMM s_spread = zmm7;

    private Label _multiply;

    private BatchRowAssembler(Assembler assembler, GgmlType type, int tail)
        : base(assembler, type, tail)
    {
        _multiply = assembler.CreateLabel();
    }

    /// <inheritdoc/>
    protected override int Tiles => BatchTiles;

    private int Halves => HasHalves ? 2 : 1;

    /// <summary>Appends the kernel for a format.</summary>
    /// <param name="assembler">Where to.</param>
    /// <param name="type">One of <see cref="RowAssembler.Types"/>.</param>
    /// <param name="tail">Blocks beyond whole steps, 0 to <see cref="RowAssembler.MaxTail"/>.</param>
    public static void Write(Assembler assembler, GgmlType type, int tail)
    {
        BatchRowAssembler kernel = new(assembler, type, tail);
        kernel.Write();
        kernel.WriteMultiply();
    }

    /// <summary>Quants of a group: when unpacked, those of a row; when transposed, the quarters of four rows' half blocks.</summary>
    private static AssemblerRegisterZMM Weights(int tile, int half, int i) => s_weights[(((tile * 2) + half) * TileRows) + i];

    /// <summary>Integer sums of a tile, of first and of second halves: four short chains of additions, not two long ones.</summary>
    private static AssemblerRegisterZMM Sum(int tile, int half) => (tile, half) switch { (0, 0) => zmm1, (1, 0) => zmm2, (0, _) => zmm3, _ => zmm4 };

    private static AssemblerRegisterZMM TileScale(int tile) => tile == 0 ? zmm5 : zmm6;

    private static AssemblerRegisterZMM TileMinimum(int tile) => tile == 0 ? zmm7 : zmm8;

    private static AssemblerMemoryOperand ScaleAt(int tile, int group) => __zmmword_ptr[s_work + ((((tile * 2) + group) * 2) * Vector)];

    private static AssemblerMemoryOperand MinimumAt(int tile, int group) => __zmmword_ptr[s_work + (((((tile * 2) + group) * 2) + 1) * Vector)];

    private static AssemblerMemoryOperand HalfScalesAt(int tile, int half) => __zmmword_ptr[s_work + (HalfPlace + (((tile * 2) + half) * Vector))];

    private static AssemblerMemoryOperand PartialsAt(int tile) => __zmmword_ptr[s_partials + (tile * Vector)];

    /// <inheritdoc/>
    protected override void Enter() => Code.mov(s_work, Field(nameof(RowCall.Work)));

    /// <inheritdoc/>
    protected override void BeginTiles()
    {
        Code.mov(Field(nameof(RowCall.GroupPlace)), 0);
        Code.vpxor(xmm0, xmm0, xmm0);
        EachToken(() =>
        {
            for (int tile = 0; tile < BatchTiles; tile++)
            {
                Code.vmovdqa64(PartialsAt(tile), zmm0);
            }
        });
    }

    /// <inheritdoc/>
    protected override void EndTiles()
    {
        Code.mov(s_quants, Field(nameof(RowCall.Y)));
        EachToken(() =>
        {
            for (int tile = 0; tile < BatchTiles; tile++)
            {
                Code.vmovdqa64(zmm0, PartialsAt(tile));
                Fold();
                Code.vmovups(__xmmword_ptr[s_quants + (tile * TileRows * sizeof(float))], xmm0);
            }
            Code.add(s_quants, Field(nameof(RowCall.YStride)));
        });
        Code.add(Field(nameof(RowCall.Y)), Rows * sizeof(float));
    }

    private void EachToken(Action write)
    {
        Label next = Code.CreateLabel();
        Code.lea(s_partials, __[s_work + PartialPlace]);
        Code.mov(s_tokens, Field(nameof(RowCall.Tokens)));
        Code.Label(ref next);
        write();
        Code.add(s_partials, TokenPartials);
        Code.dec(s_tokens);
        Code.jnz(next);
    }

    /// <inheritdoc/>
    protected override void SuperBlock() => EachTile(tile =>
    {
        SuperFactors();
        StoreFactors(tile, 0);
        StoreFactors(tile, 1);
    });

    /// <inheritdoc/>
    protected override void Group(int group, int blocks)
    {
        EachTile(tile =>
        {
            if (!IsSuper)
            {
                BlockFactors(blocks);
                StoreFactors(tile, 0);
            }
            if (HasHalves)
            {
                HalfScales(group);
                Code.vmovaps(HalfScalesAt(tile, 0), zmm11);
                Code.vmovaps(HalfScalesAt(tile, 1), zmm12);
            }
            for (int row = 0; row < TileRows; row++)
            {
                Unpack(row, group, blocks, Weights(tile, 0, row), Weights(tile, 1, row));
            }
            Transpose(tile, 0);
            Transpose(tile, 1);
        });
        for (int tile = 0; tile < BatchTiles; tile++)
        {
            Code.vmovaps(TileScale(tile), ScaleAt(tile, group));
            if (HasMinimums)
            {
                Code.vmovaps(TileMinimum(tile), MinimumAt(tile, group));
            }
        }
        Code.call(_multiply);
    }

    private void EachTile(Action<int> write)
    {
        write(0);
        NextTile();
        write(1);
        PreviousTile();
    }

    private void StoreFactors(int tile, int group)
    {
        Code.vmovaps(ScaleAt(tile, group), Scale(group));
        if (HasMinimums)
        {
            Code.vmovaps(MinimumAt(tile, group), Minimum(group));
        }
    }

    /// <summary>Within each lane (block), from [4 rows][4 quarters] to [4 quarters][4 rows].</summary>
    private void Transpose(int tile, int half)
    {
        AssemblerRegisterZMM r0 = Weights(tile, half, 0), r1 = Weights(tile, half, 1), r2 = Weights(tile, half, 2), r3 = Weights(tile, half, 3);
        Code.vpunpckldq(zmm9, r0, r1);
        Code.vpunpckhdq(zmm10, r0, r1);
        Code.vpunpckldq(zmm11, r2, r3);
        Code.vpunpckhdq(zmm12, r2, r3);
        Code.vpunpcklqdq(r0, zmm9, zmm11);
        Code.vpunpckhqdq(r1, zmm9, zmm11);
        Code.vpunpcklqdq(r2, zmm10, zmm12);
        Code.vpunpckhqdq(r3, zmm10, zmm12);
    }

    /// <summary>
    /// A routine of the kernel's own: the unpacked group times each of the tokens. Four of them are written out, because the place of a token in its tile
    /// of scales is part of an instruction.
    /// </summary>
    private void WriteMultiply()
    {
        Label four = Code.CreateLabel(), end = Code.CreateLabel();
        Code.Label(ref _multiply);
        BeginGroup();
        Code.Label(ref four);
        for (int token = 0; token < QuantizedActivations.TileRows; token++)
        {
            StartSums();
            MultiplyToken();
            Accumulate(token);
            Code.dec(s_tokens);
            Code.jz(end);
            Code.add(s_quants, Field(nameof(RowCall.QuantStride)));
            Code.add(s_partials, TokenPartials);
            if (HasOffset)
            {
                Code.add(s_halfSums, Field(nameof(RowCall.HalfSumStride)));
            }
        }
        Code.add(s_scales, Field(nameof(RowCall.ScaleStride)));
        if (HasMinimums)
        {
            Code.add(s_scaledSums, Field(nameof(RowCall.ScaleStride)));
        }
        Code.jmp(four);
        Code.Label(ref end);
        Code.ret();
    }

    private void BeginGroup()
    {
        // Sums of half blocks take 16 bytes of a group, scales of four tokens 64, quants 128.
        Code.mov(rbp, Field(nameof(RowCall.GroupPlace)));
        Code.mov(s_quants, Field(nameof(RowCall.Quants)));
        Code.lea(s_quants, __[s_quants + (rbp * 8)]);
        Code.mov(s_scales, Field(nameof(RowCall.Scales)));
        Code.lea(s_scales, __[s_scales + (rbp * 4)]);
        if (HasMinimums)
        {
            Code.mov(s_scaledSums, Field(nameof(RowCall.ScaledSums)));
            Code.lea(s_scaledSums, __[s_scaledSums + (rbp * 4)]);
        }
        if (HasOffset)
        {
            Code.mov(s_halfSums, Field(nameof(RowCall.HalfSums)));
            Code.add(s_halfSums, rbp);
            Load(s_spread, RowConstants.Spread);
        }
        Code.add(rbp, 16);
        Code.mov(Field(nameof(RowCall.GroupPlace)), rbp);
        Code.lea(s_partials, __[s_work + PartialPlace]);
        Code.mov(s_tokens, Field(nameof(RowCall.Tokens)));
    }

    /// <summary>Sums start at minus the offset times the sum of the activations, those of second halves at 0 where they are added in the end.</summary>
    private void StartSums()
    {
        for (int half = 0; half < 2; half++)
        {
            if (HasOffset && half < Halves)
            {
                Code.vmovdqu(xmm9, __xmmword_ptr[s_halfSums]);
                Code.vpmaddwd(xmm9, xmm9, __xmmword_ptr[Constant(half == 0 ? MinusOffset : MinusSecondOffset)]);
                Code.vpermd(Sum(0, half), s_spread, zmm9);
                Code.vmovdqa64(Sum(1, half), Sum(0, half));
                continue;
            }
            for (int tile = 0; tile < BatchTiles; tile++)
            {
                // The short form: processors know it to depend on nothing.
                AssemblerRegisterXMM low = (tile, half) switch { (0, 0) => xmm1, (1, 0) => xmm2, (0, _) => xmm3, _ => xmm4 };
                Code.vpxor(low, low, low);
            }
        }
    }

    private void MultiplyToken()
    {
        for (int half = 0; half < 2; half++)
        {
            for (int quarter = 0; quarter < Quarters; quarter++)
            {
                AssemblerRegisterZMM x = quarter switch { 0 => zmm9, 1 => zmm10, 2 => zmm11, _ => zmm12 };
                Code.vpshufd(x, __zmmword_ptr[s_quants + (half * QuantizedActivations.SecondHalf)], Spread(quarter));
                for (int tile = 0; tile < BatchTiles; tile++)
                {
                    Code.vpdpbusd(Sum(tile, half), Weights(tile, half, quarter), x);
                }
            }
        }
    }

    /// <summary>p = fma(weight scale * scale, I, p), then p = fma(m, scaled sum, p).</summary>
    private void Accumulate(int token)
    {
        Code.vpermilps(zmm9, __zmmword_ptr[s_scales], Spread(token));
        if (HasMinimums)
        {
            Code.vpermilps(zmm10, __zmmword_ptr[s_scaledSums], Spread(token));
        }
        for (int tile = 0; tile < BatchTiles; tile++)
        {
            AssemblerRegisterZMM sum = Sum(tile, 0), scale = tile == 0 ? zmm11 : zmm12;
            if (HasHalves)
            {
                // I = sc0 * sum of the first half + sc1 * sum of the second; every number is an integer below 2^24, so exact.
                Code.vcvtdq2ps(sum, sum);
                Code.vcvtdq2ps(Sum(tile, 1), Sum(tile, 1));
                Code.vmulps(sum, sum, HalfScalesAt(tile, 0));
                Code.vfmadd231ps(sum, Sum(tile, 1), HalfScalesAt(tile, 1));
            }
            else
            {
                Code.vpaddd(sum, sum, Sum(tile, 1));
                Code.vcvtdq2ps(sum, sum);
            }
            Code.vmulps(scale, zmm9, TileScale(tile));
            Code.vfmadd213ps(scale, sum, PartialsAt(tile));
            if (HasMinimums)
            {
                Code.vfmadd231ps(scale, TileMinimum(tile), zmm10);
            }
            Code.vmovaps(PartialsAt(tile), scale);
        }
    }

    /// <summary>The order of a shuffle that spreads one of four numbers over its lane.</summary>
    private static byte Spread(int which) => (byte)(which * 0b01_01_01_01);
}
