using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Writes the matrix kernel: <c>partial[j][token][row] = sum over blocks b = j, j + 4, ... of scales * integer sum</c> for 32 rows of a panel
/// and up to six tokens, by the law of <c>docs/arithmetic.md</c>, with the 512-bit <c>vpdpbusd</c> (AVX512_VNNI).
/// </summary>
/// <remarks>
/// A register holds sixteen rows; of a token four consecutive quants are broadcast. Per step of four columns that is two loads of weights and one for each
/// token, against two multiplications for each token: the multipliers are the bottleneck, not the loads. Blocks are visited residue by residue (b mod 4), so
/// that one accumulator for each row and token is enough. The calling convention is System V's: one argument, in rdi.
/// </remarks>
internal sealed class TileAssembler
{
    private const int QuantStep = 4, Steps = QuantizedActivations.BlockLength / QuantStep;

    private static readonly AssemblerRegister64 s_panel = rsi, s_quants = rax, s_quants3 = rbx, s_quantStride = rcx, s_factors = rdx, s_factors3 = r8, s_factorStride = r9;
    private static readonly AssemblerRegister64 s_groups = r10, s_partials = r11, s_residues = rbp, s_group = r12;

    private static readonly AssemblerRegisterZMM[] s_zmm =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private readonly Assembler _c;
    private readonly TileShape _shape;
    private readonly int _tokens;

    private TileAssembler(Assembler assembler, TileShape shape, int tokens)
    {
        _c = assembler;
        _shape = shape;
        _tokens = tokens;
    }

    // Weights of two times sixteen rows, and what is read for one token.
    private static AssemblerRegisterZMM Weights(int v) => s_zmm[30 + v];

    /// <summary>Integer sums of a token, rows 16 v and up.</summary>
    private static AssemblerRegisterZMM Sum(int token, int v) => s_zmm[(2 * token) + v];

    /// <summary>The partial sum.</summary>
    private AssemblerRegisterZMM Partial(int token, int v) => s_zmm[(2 * _tokens) + (2 * token) + v];

    /// <summary>Scaled sums of first halves, in shapes that have them.</summary>
    private AssemblerRegisterZMM FirstHalf(int token, int v) => s_zmm[(4 * _tokens) + (2 * token) + v];

    /// <summary>Registers for passing use, a few in turn.</summary>
    private AssemblerRegisterZMM Spare(int i)
    {
        int first = (_shape.HasHalves ? 6 : 4) * _tokens;
        return s_zmm[first + (i % (30 - first))];
    }

    /// <summary>Appends the kernel for a shape and a number of tokens.</summary>
    /// <param name="assembler">Where to.</param>
    /// <param name="shape">What the format asks for.</param>
    /// <param name="tokens">1 to <see cref="TileShape.MaxTokens"/>.</param>
    public static void Write(Assembler assembler, TileShape shape, int tokens) => new TileAssembler(assembler, shape, tokens).Write();

    private void Write()
    {
        Label residue = _c.CreateLabel(), group = _c.CreateLabel();
        Enter();
        _c.mov(s_residues, 4);
        _c.Label(ref residue);
        EachSum(ZeroPartial);
        _c.mov(s_group, s_groups);
        _c.Label(ref group);
        Block();
        _c.add(s_panel, _shape.BlockBytes);
        Advance(s_quants, s_quants3, QuantizedActivations.GroupLength);
        unsafe
        {
            Advance(s_factors, s_factors3, sizeof(ActivationFactors));
        }
        _c.dec(s_group);
        _c.jnz(group);
        EachSum((token, v) => _c.vmovups(__zmmword_ptr[s_partials + (128 * token) + (64 * v)], Partial(token, v)));
        _c.add(s_partials, 128 * _tokens);
        NextResidue();
        _c.dec(s_residues);
        _c.jnz(residue);
        Leave();
    }

    private void Enter()
    {
        _c.push(rbx);
        _c.push(rbp);
        _c.push(r12);
        _c.mov(s_panel, __qword_ptr[rdi]);
        _c.mov(s_quants, __qword_ptr[rdi + 8]);
        _c.mov(s_quantStride, __qword_ptr[rdi + 16]);
        _c.mov(s_factors, __qword_ptr[rdi + 24]);
        _c.mov(s_factorStride, __qword_ptr[rdi + 32]);
        _c.mov(s_groups, __qword_ptr[rdi + 40]);
        _c.mov(s_partials, __qword_ptr[rdi + 48]);
        Third(s_quants3, s_quants, s_quantStride);
        Third(s_factors3, s_factors, s_factorStride);
    }

    private void Leave()
    {
        _c.vzeroupper();
        _c.pop(r12);
        _c.pop(rbp);
        _c.pop(rbx);
        _c.ret();
    }

    /// <summary>Two base registers and a stride reach six tokens: base, base + stride, base + 2 stride from token 0 and from token 3.</summary>
    private void Third(AssemblerRegister64 third, AssemblerRegister64 start, AssemblerRegister64 stride)
    {
        _c.lea(third, __[start + (stride * 2)]);
        _c.add(third, stride);
    }

    private void Advance(AssemblerRegister64 start, AssemblerRegister64 third, int bytes)
    {
        _c.add(start, bytes);
        _c.add(third, bytes);
    }

    /// <summary>From the end of one residue's quants, which come once in every group, to the beginning of the next one's.</summary>
    private void NextResidue()
    {
        _c.mov(s_group, s_groups);
        _c.shl(s_group, 7); // times GroupLength
        _c.sub(s_group, QuantizedActivations.BlockLength / 2);
        _c.sub(s_quants, s_group);
        _c.sub(s_quants3, s_group);
    }

    private void ZeroPartial(int token, int v) => _c.vpxord(Partial(token, v), Partial(token, v), Partial(token, v));

    private void Block()
    {
        StartSums();
        for (int step = 0; step < Steps; step++)
        {
            if (_shape.HasHalves && step == Steps / 2)
            {
                FinishFirstHalf();
            }
            Multiply(step);
        }
        FinishBlock();
    }

    private void Multiply(int step)
    {
        int half = step / (Steps / 2), at = (half * QuantizedActivations.SecondHalf) + (step % (Steps / 2) * QuantStep);
        _c.vmovdqu32(Weights(0), __zmmword_ptr[s_panel + (128 * step)]);
        _c.vmovdqu32(Weights(1), __zmmword_ptr[s_panel + (128 * step) + 64]);
        for (int token = 0; token < _tokens; token++)
        {
            AssemblerRegisterZMM x = Spare(token);
            _c.vpbroadcastd(x, Dword(Quants(token), at));
            _c.vpdpbusd(Sum(token, 0), Weights(0), x);
            _c.vpdpbusd(Sum(token, 1), Weights(1), x);
        }
    }

    /// <summary>Sums start at what takes the offset of the weights out again.</summary>
    private void StartSums()
    {
        if (_shape.Offset == TileOffset.None)
        {
            EachSum((token, v) => _c.vpxord(Sum(token, v), Sum(token, v), Sum(token, v)));
            return;
        }
        for (int token = 0; token < _tokens; token++)
        {
            _c.vpbroadcastd(Sum(token, 0), Dword(Factors(token), 8));
            switch (_shape.Offset)
            {
                case TileOffset.Eight:
                    _c.vpsrad(Sum(token, 0), Sum(token, 0), 4);
                    break;
                case TileOffset.Sixteen:
                    _c.vpsrad(Sum(token, 0), Sum(token, 0), 3);
                    break;
                case TileOffset.HalvesThirtyTwo:
                    // -32 S, less that of the second half.
                    _c.vpsrad(Sum(token, 0), Sum(token, 0), 2);
                    _c.vpbroadcastd(Spare(token), Dword(Factors(token), 12));
                    _c.vpsubd(Sum(token, 0), Sum(token, 0), Spare(token));
                    break;
            }
            _c.vmovdqa32(Sum(token, 1), Sum(token, 0));
        }
    }

    /// <summary>First halves become float32 and get their integer scale: every product is below 2^24, so exact. The sums start again.</summary>
    private void FinishFirstHalf()
    {
        LoadPair(TileShape.SecondOffset);
        for (int token = 0; token < _tokens; token++)
        {
            for (int v = 0; v < 2; v++)
            {
                _c.vcvtdq2ps(FirstHalf(token, v), Sum(token, v));
                _c.vmulps(FirstHalf(token, v), FirstHalf(token, v), Weights(v));
                _c.vpbroadcastd(Sum(token, v), Dword(Factors(token), 12));
            }
        }
    }

    private void FinishBlock()
    {
        if (_shape.HasHalves)
        {
            LoadPair(TileShape.ThirdOffset);
        }
        EachSum((token, v) =>
        {
            _c.vcvtdq2ps(Sum(token, v), Sum(token, v));
            if (_shape.HasHalves)
            {
                // I = first + scale * second, exact as well.
                _c.vfmadd132ps(Sum(token, v), FirstHalf(token, v), Weights(v));
            }
        });
        LoadPair(TileShape.ScaleOffset);
        for (int token = 0; token < _tokens; token++)
        {
            AssemblerRegisterZMM scale = Spare(3 * token), s0 = Spare((3 * token) + 1), s1 = Spare((3 * token) + 2);
            _c.vbroadcastss(scale, Dword(Factors(token), 0));
            _c.vmulps(s0, Weights(0), scale);
            _c.vmulps(s1, Weights(1), scale);
            _c.vfmadd231ps(Partial(token, 0), s0, Sum(token, 0));
            _c.vfmadd231ps(Partial(token, 1), s1, Sum(token, 1));
        }
        if (_shape.HasMinimums)
        {
            LoadPair(TileShape.SecondOffset);
            for (int token = 0; token < _tokens; token++)
            {
                _c.vbroadcastss(Spare(token), Dword(Factors(token), 4));
                _c.vfmadd231ps(Partial(token, 0), Weights(0), Spare(token));
                _c.vfmadd231ps(Partial(token, 1), Weights(1), Spare(token));
            }
        }
    }

    private void LoadPair(int offset)
    {
        _c.vmovups(Weights(0), __zmmword_ptr[s_panel + offset]);
        _c.vmovups(Weights(1), __zmmword_ptr[s_panel + offset + 64]);
    }

    private void EachSum(Action<int, int> emit)
    {
        for (int token = 0; token < _tokens; token++)
        {
            emit(token, 0);
            emit(token, 1);
        }
    }

    private static AssemblerMemoryOperand Dword(AssemblerMemoryOperand place, int offset) => __dword_ptr[place + offset];

    private static AssemblerMemoryOperand Quants(int token) => Place(token, s_quants, s_quants3, s_quantStride);

    private static AssemblerMemoryOperand Factors(int token) => Place(token, s_factors, s_factors3, s_factorStride);

    private static AssemblerMemoryOperand Place(int token, AssemblerRegister64 start, AssemblerRegister64 third, AssemblerRegister64 stride)
    {
        AssemblerRegister64 from = token < 3 ? start : third;
        return (token % 3) switch
        {
            0 => from + 0,
            1 => from + stride,
            _ => from + (stride * 2),
        };
    }
}
