using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Kernels.Tests;

/// <summary>Weights that were unpacked beforehand: the bits of those that are unpacked in the product.</summary>
public sealed unsafe class UnpackTests
{
    public static TheoryData<SimdLevel, GgmlType> LevelsAndTypes => Levels.With(MatMulTests.Types);

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void UnpackedWeightsGiveTheSameBits(SimdLevel level, GgmlType type)
    {
        foreach ((int rows, int columns) in new[] { (71, 768), (32, 256), (7, 512) })
        {
            using Weights w = new(type, rows, columns, Fill.Random, 1);
            foreach (int threads in new[] { 1, 3 })
            {
                using WorkerPool pool = new(threads);
                CpuOps ops = new(level, pool);
                nuint bytes = (nuint)ops.UnpackedBytes(w.Matrix);
                Assert.True(bytes == 0 || bytes % 64 == 0);
                if (bytes == 0)
                {
                    Assert.False(level == SimdLevel.Avx512Vnni && ops.HasIntegerKernel(type));
                    continue;
                }
                void* memory = NativeMemory.AlignedAlloc(bytes, 64);
                try
                {
                    Check(ops, w.Matrix, ops.Unpack(w.Matrix, (byte*)memory), $"{type}, {rows} rows of {columns}");
                }
                finally
                {
                    NativeMemory.AlignedFree(memory);
                }
            }
        }
    }

    private static void Check(CpuOps ops, WeightMatrix stored, WeightMatrix unpacked, string what)
    {
        foreach (int tokens in new[] { 1, 3, 4, 5, 6, 7, 18, 30, 49 })
        {
            float[] x = Activations.Random(tokens * stored.Columns, tokens), bias = Activations.Random(stored.Rows, 3);
            using QuantizedActivations q = new(tokens, stored.Columns);
            ops.Quantize(x, stored.Columns, q);
            float[] expected = new float[tokens * stored.Rows], actual = new float[tokens * stored.Rows];
            ops.MatMul(stored, x, q, bias, expected);
            ops.MatMul(unpacked, x, q, bias, actual);
            Bits.Equal(expected, actual, $"{what}, {tokens} tokens");
        }
    }
}
