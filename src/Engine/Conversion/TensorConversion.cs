using System.Buffers;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Conversion;

/// <summary>Gives a tensor's data piece by piece: read from the checkpoint, its rows in their new order, in the format of the result.</summary>
/// <param name="tensor">The tensor.</param>
/// <param name="type">Format of the result: F32, F16 or BF16.</param>
internal sealed class TensorConversion(ConvertedTensor tensor, GgmlType type)
{
    private readonly SafetensorsTensor _source = tensor.Source;
    private readonly int _sourceBytes = GgmlTypes.BlockBytes(tensor.Source.Type); // of one element
    private readonly int _bytes = GgmlTypes.BlockBytes(type);

    /// <summary>Fills a piece of the result.</summary>
    /// <param name="offset">Where in the result the piece starts, in bytes.</param>
    /// <param name="piece">The piece, whole elements.</param>
    /// <exception cref="TextEngineException">A weight is not finite, or beyond the range of the format.</exception>
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
        try
        {
            RowEncoder.Encode(type, values, destination);
        }
        catch (WeightRangeException exception)
        {
            throw CheckpointError.InFile(_source.Path, $"in the tensor '{_source.Name}' {exception.Message}{(type == GgmlType.F16 && float.IsFinite(exception.Weight) ? "; use BF16 or F32" : "")}");
        }
    }
}
