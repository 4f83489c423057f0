using System.Globalization;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Quantization;

/// <summary>
/// Encodes a tensor piece by piece (<see cref="GgufTensorSource"/>), each piece on all threads of a pool. Every few thousand weights are decoded and encoded by
/// themselves, so that no more than those are in memory as floats, and the bytes do not depend on the number of threads.
/// </summary>
internal sealed unsafe class TensorEncoder
{
    // A multiple of every block's length, small enough for the first caches.
    private const int ChunkLength = 4096;
    private const int LongestBlock = 256;

    private readonly GgufTensor _tensor;
    private readonly GgmlType _type;
    private readonly WorkerPool _pool;
    private readonly float[][] _scratch;

    /// <summary>Prepares to encode.</summary>
    /// <param name="tensor">In a format that can be decoded; its file open.</param>
    /// <param name="type">To what.</param>
    /// <param name="pool">The threads.</param>
    public TensorEncoder(GgufTensor tensor, GgmlType type, WorkerPool pool)
    {
        _tensor = tensor;
        _type = type;
        _pool = pool;
        _scratch = new float[pool.Threads][];
    }

    /// <summary>Encodes a piece.</summary>
    /// <exception cref="TextEngineException">A weight is not finite or too large for the format.</exception>
    public void Fill(long offset, Span<byte> piece)
    {
        int blockLength = GgmlTypes.BlockLength(_type), blockBytes = GgmlTypes.BlockBytes(_type);
        int length = piece.Length / blockBytes * blockLength;
        fixed (byte* destination = piece)
        {
            Job job = new(this, offset / blockBytes * blockLength, length, destination);
            _pool.For(ref job, (length + ChunkLength - 1) / ChunkLength, grain: 1);
        }
    }

    private void Encode(long first, int length, byte* destination, int worker)
    {
        // Blocks of the source may be longer, and begin before the chunk and end behind it.
        int sourceLength = GgmlTypes.BlockLength(_tensor.Type);
        long begin = first / sourceLength * sourceLength, end = (first + length + sourceLength - 1) / sourceLength * sourceLength;
        float[] scratch = _scratch[worker] ??= new float[ChunkLength + 2 * LongestBlock];
        fixed (float* floats = scratch)
        {
            RowDequantizer.Dequantize(SimdLevels.Best, _tensor.Type, _tensor.Data + GgmlTypes.RowBytes(_tensor.Type, begin), (int)(end - begin), floats);
        }
        try
        {
            RowEncoder.Encode(_type, scratch.AsSpan((int)(first - begin), length), new Span<byte>(destination, (int)GgmlTypes.RowBytes(_type, length)));
        }
        catch (WeightRangeException e)
        {
            (long row, long column) = Math.DivRem(first + e.Index, _tensor.Columns);
            throw new TextEngineException(
                TextEngineErrorKind.InvalidModel,
                string.Create(CultureInfo.InvariantCulture, $"The tensor {TensorRole.Quote(_tensor.Name)} can't be stored as {GgmlTypes.Name(_type)}: in row {row}, column {column}, {e.Message}."),
                e);
        }
    }

    /// <param name="encoder">Whose tensor.</param>
    /// <param name="first">First weight of the piece.</param>
    /// <param name="length">Weights of the piece.</param>
    /// <param name="destination">The piece.</param>
    private readonly struct Job(TensorEncoder encoder, long first, int length, byte* destination) : IParallelJob
    {
        private readonly byte* _destination = destination;

        public void Run(int begin, int end, int worker)
        {
            for (int chunk = begin; chunk < end; chunk++)
            {
                int at = chunk * ChunkLength;
                encoder.Encode(first + at, Math.Min(ChunkLength, length - at), _destination + GgmlTypes.RowBytes(encoder._type, at), worker);
            }
        }
    }
}
