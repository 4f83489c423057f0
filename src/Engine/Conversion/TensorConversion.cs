using System.Buffers;
using System.Runtime.InteropServices;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Conversion;

/// <summary>Gives a tensor's data piece by piece: read from the checkpoint, its rows in their new order, in the format of the result.</summary>
/// <param name="tensor">The tensor.</param>
/// <param name="type">Format of the result: F32, F16 or BF16.</param>
internal sealed class TensorConversion(PlannedTensor tensor, GgmlType type)
{
    private readonly SafetensorsTensor _source = tensor.Source;
    private readonly int _sourceBytes = GgmlTypes.BlockBytes(tensor.Source.Type); // of one element
    private readonly int _bytes = GgmlTypes.BlockBytes(type);

    /// <summary>Fills a piece of the result.</summary>
    /// <param name="offset">Where in the result the piece starts, in bytes.</param>
    /// <param name="piece">The piece, whole elements.</param>
    /// <exception cref="TextEngineException">A weight is beyond the range of F16.</exception>
    public void Fill(long offset, Span<byte> piece)
    {
        if (type == _source.Type)
        {
            ReadElements(offset / _bytes, piece);
            return;
        }
        int count = piece.Length / _bytes;
        byte[] raw = ArrayPool<byte>.Shared.Rent(count * _sourceBytes);
        float[] values = ArrayPool<float>.Shared.Rent(count);
        Span<byte> read = raw.AsSpan(0, count * _sourceBytes);
        ReadElements(offset / _bytes, read);
        RowDecoder.Decode(_source.Type, read, values.AsSpan(0, count));
        Encode(values.AsSpan(0, count), piece);
        ArrayPool<byte>.Shared.Return(raw);
        ArrayPool<float>.Shared.Return(values);
    }

    /// <summary>Reads elements in the order of the result.</summary>
    private void ReadElements(long first, Span<byte> destination)
    {
        if (tensor.PermutedHeads == 0)
        {
            _source.Read(first * _sourceBytes, destination);
            return;
        }
        long columns = tensor.IsMatrix ? _source.Shape[1] : 1;
        long headLength = _source.Shape[0] / tensor.PermutedHeads;
        while (!destination.IsEmpty)
        {
            (long row, long column) = Math.DivRem(first, columns);
            long from = (HeadPermutation.SourceRow(row, headLength) * columns) + column;
            int count = (int)Math.Min(columns - column, destination.Length / _sourceBytes);
            _source.Read(from * _sourceBytes, destination[..(count * _sourceBytes)]);
            destination = destination[(count * _sourceBytes)..];
            first += count;
        }
    }

    private void Encode(ReadOnlySpan<float> values, Span<byte> destination)
    {
        switch (type)
        {
            case GgmlType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(destination);
                break;
            case GgmlType.F16:
                EncodeHalves(values, MemoryMarshal.Cast<byte, Half>(destination));
                break;
            case GgmlType.BF16:
                EncodeUpperHalves(values, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            default:
                throw new InvalidOperationException($"Checkpoints are not converted to {type}.");
        }
    }

    private void EncodeHalves(ReadOnlySpan<float> values, Span<Half> destination)
    {
        for (int i = 0; i < values.Length; i++)
        {
            destination[i] = (Half)values[i];
            if (Half.IsInfinity(destination[i]) && float.IsFinite(values[i]))
            {
                throw CheckpointError.InFile(_source.Path, $"the tensor '{_source.Name}' has a weight of {values[i]}, which is beyond the range of F16; use BF16 or F32");
            }
        }
    }

    /// <summary>BF16 is the upper half of F32: rounded to nearest, ties to even; what is not a number stays so.</summary>
    private static void EncodeUpperHalves(ReadOnlySpan<float> values, Span<ushort> destination)
    {
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            destination[i] = (ushort)(float.IsNaN(values[i]) ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }
}
